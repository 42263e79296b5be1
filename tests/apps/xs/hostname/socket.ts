/** Stands for the SDK's UDP sockets: it tells what is sent, and others on the network send what the test has them send. */

export class Socket {
  /** Whether a write throws, as without a network. */
  isCutOff = true;
  private datagram = new ArrayBuffer(0);

  constructor({ kind, port, multicast }: { kind: string; port: number; multicast: string }) {
    trace(`${kind} ${multicast}:${port}\n`);
    (globalThis as { network?: Socket }).network = this;
  }

  write(address: string, port: number, bytes: ArrayBuffer): void {
    if (this.isCutOff) throw new Error("sendto failed");
    trace(`to ${address}:${port} ${Array.from(new Uint8Array(bytes)).join(" ")}\n`);
  }

  read(): ArrayBuffer {
    return this.datagram;
  }

  /** That of the class derived from this one. */
  callback?(message: number, length: number, address: string, port: number): void;

  /** A datagram comes from another device. */
  arrive(bytes: readonly number[]): void {
    this.datagram = new Uint8Array(bytes).buffer;
    this.callback?.(2, bytes.length, "192.0.2.9", 5354);
  }
}
