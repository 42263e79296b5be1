/**
 * Programs as they are written for the SDK's WebSockets. They know nothing of whose class they are given, and tell what
 * happens. Run on XS with the SDK's classes and with those of `xs-websockets/sdk`, on Node.js with the latter.
 */

import { createUtf8Decoder, encodeUtf8 } from "#platform";
import type { Client, ClientOptions } from "xs-websockets/sdk/client";
import type { WebSocketClient, WebSocketClientOptions } from "xs-websockets/sdk/ecma419";
import type { Server, ServerOptions } from "xs-websockets/sdk/server";

export type Tell = (event: string) => void;

function hexOf(bytes: ArrayBufferLike): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bufferOf(text: string): ArrayBuffer {
  return new Uint8Array(encodeUtf8(text)).buffer;
}

function textOf(bytes: ArrayBufferLike): string {
  return createUtf8Decoder().decode(new Uint8Array(bytes), true);
}

/** A client with a callback: it counts up with an echo server, sends bytes, and asks it to close. @param tls options of TLS */
export function counting(Library: typeof Client, port: number, tell: Tell, tls: ClientOptions = {}): void {
  const client = new Library({ host: "127.0.0.1", port, path: "/count", ...tls });
  client.callback = function (message, value) {
    switch (message) {
      case Library.connect:
        tell("connect");
        break;
      case Library.handshake:
        tell("handshake");
        this.write(JSON.stringify({ count: 1, on: true }));
        break;
      case Library.receive: {
        if (typeof value !== "string") {
          tell(`bytes ${hexOf(value as ArrayBuffer)}`);
          this.write("bye");
          return;
        }
        tell(value);
        const { count } = JSON.parse(value) as { count: number };
        if (count < 3) this.write(JSON.stringify({ count: count + 1, on: count % 2 === 0 }));
        else this.write(Uint8Array.of(0, 255, 7).buffer);
        break;
      }
      case Library.disconnect:
        tell("disconnect");
        break;
    }
  };
}

/** A server with a callback: it sends back what it receives, and closes whoever says so. */
export function echoing(Library: typeof Server, port: number, tell: Tell, tls: ServerOptions = {}): Server {
  const server = new Library({ port, ...tls });
  server.callback = function (message, value) {
    switch (message) {
      case Library.connect:
        tell("connect");
        break;
      case Library.handshake:
        tell("handshake");
        break;
      case Library.receive:
        tell(typeof value === "string" ? `text ${value}` : `bytes ${hexOf(value as ArrayBuffer)}`);
        if (value === "bye") this.close();
        else this.write(value as string | ArrayBuffer);
        break;
      case Library.disconnect:
        tell("disconnect");
        break;
    }
  };
  return server;
}

/** A client of ECMA-419: it sends a text in two parts, bytes and a Ping, and closes. */
export function writing(Library: typeof WebSocketClient, options: WebSocketClientOptions, tell: Tell): void {
  let isStarted = false;
  let message = "";
  let count = 0;
  new Library({
    ...options,
    path: "/write",
    onReadable(_length, { more, binary }) {
      // In two reads, of which the second takes what is left.
      for (let piece = this.read(2); piece !== undefined; piece = this.read())
        message += binary ? hexOf(piece as ArrayBuffer) : textOf(piece as ArrayBuffer);
      if (more) return;
      tell(`${binary ? "bytes" : "text"} ${message}`);
      message = "";
      if (++count === 2) this.write(bufferOf("p"), { opcode: Library.ping });
    },
    onWritable(room) {
      if (isStarted) return;
      isStarted = true;
      tell(room > 100 ? "writable" : "no room");
      this.write(bufferOf("one "), { binary: false, more: true });
      this.write(bufferOf("two"), { binary: false });
      this.write(Uint8Array.of(0, 255, 7).buffer);
    },
    onControl(opcode, data) {
      if (opcode === Library.pong) {
        tell(`pong ${textOf(data)}`);
        this.write(Uint8Array.of(3, 232, 0x65, 0x6e, 0x64), { opcode: Library.close });
      } else if (opcode === Library.close) tell(`close ${hexOf(data)}`);
    },
    onClose: () => tell("closed"),
    onError: () => tell("error"),
  });
}
