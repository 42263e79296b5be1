// What the npm package @moddable/typings 5.6.0 lacks. mcconfig does not see this file: there the SDK declares it.

declare module "modules" {
  export default class Modules {
    static has(name: string): boolean;
    static importNow(name: string): unknown;
  }
}

declare module "crypt" {
  export type DigestType = "MD5" | "SHA1" | "SHA224" | "SHA256" | "SHA384" | "SHA512";
  export class Digest {
    constructor(type: DigestType);
    write(message: string | ArrayBuffer): void;
    close(): ArrayBuffer;
  }
}

interface Uint8Array {
  toBase64(): string;
  toHex(): string;
}

interface Uint8ArrayConstructor {
  fromBase64(text: string): Uint8Array;
}

declare function native(name: string): (...args: never[]) => unknown;
