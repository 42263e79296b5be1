// What the npm package @moddable/typings 5.6.0 lacks. mcconfig does not see this file: there the SDK declares it.

declare module "crypt" {
  export class Digest {
    constructor(type: "SHA1");
    write(message: string | ArrayBuffer): void;
    close(): ArrayBuffer;
  }
}

interface Uint8Array {
  toBase64(): string;
}

declare function native(name: string): (...args: never[]) => unknown;
