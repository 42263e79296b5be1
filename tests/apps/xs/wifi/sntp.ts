/** Stands for the SDK's SNTP: the time server does not answer. */

export default class SNTP {
  static readonly time = 1;
  static readonly error = -1;
  readonly host: string;

  constructor({ host }: { host: string }, callback: (message: number, value?: number) => string | undefined) {
    this.host = host;
    trace(`SNTP asks ${host}, then ${callback(SNTP.error) ?? "nobody"}\n`);
  }
}
