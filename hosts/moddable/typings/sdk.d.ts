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

declare module "embedded:network/http/server" {
  import type Listener from "embedded:io/socket/listener";
  import type TCP from "embedded:io/socket/tcp";

  export interface HTTPRequest {
    method: string;
    path: string;
    headers: Map<string, string>;
  }

  export interface HTTPResponse {
    status: number;
    headers: Map<string, string | number>;
  }

  /** What is used of it. */
  export interface HTTPConnection {
    route: HTTPConnectionHandlers;
    accept(handlers: HTTPConnectionHandlers): void;
    detach(): TCP;
    respond(response: HTTPResponse): void;
    write(bytes?: ArrayBuffer): number;
  }

  export interface HTTPConnectionHandlers {
    onRequest?(this: HTTPConnection, request: HTTPRequest): void;
    onResponse?(this: HTTPConnection, response: HTTPResponse): void;
    onWritable?(this: HTTPConnection, count: number): void;
  }

  export default class HTTPServer {
    constructor(options: { io: typeof Listener; port?: number; onConnect(connection: HTTPConnection): void });
    readonly port: number;
  }
}
