/** MqttSocket as a stream of bytes, on every host. No API of Node or Jest: it is used on XS too. */

import { MqttSocket } from "xs-websockets/mqtt";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { endingTests } from "./ending.js";
import { readingTests } from "./reading.js";
import { Session, thrownBy } from "./session.js";

function writingTests(port: number): Tests {
  return {
    "what is written together is one frame; what is long is not joined": async () => {
      const session = new Session(port, "/lengths");
      await session.until("writable");
      const { socket } = session;
      assert(session.writable > 20_000, `${session.writable} are writable`);
      socket.write(Uint8Array.of(1), { more: true });
      socket.write(Uint8Array.of(2, 3), { more: true });
      const room = socket.write(Uint8Array.of(4));
      assert(room > 20_000 && room <= session.writable, `${room} can be written`);
      socket.write(Uint8Array.of(5).buffer);
      socket.write(Uint8Array.of(6), { more: true });
      socket.write(new Uint8Array(1_400));
      assertEqual(await session.text(10), "4 1 1 1400", "lengths");
      socket.close();
    },
    "bytes are written as numbers, and copied": async () => {
      const session = new Session(port, "/mqtt", { format: "number" }, false);
      await session.until("writable");
      session.socket.write(7, { more: true });
      for (const wrong of [256, -1, 0.5, Uint8Array.of(1)])
        assertEqual(
          thrownBy(() => session.socket.write(wrong)),
          "ERR_OPTION",
          "no byte",
        );
      session.socket.format = "buffer";
      const bytes = Uint8Array.of(8, 9);
      session.socket.write(bytes);
      bytes.fill(0);
      await session.until("readable");
      session.take(session.socket.read());
      assertEqual(session.received.join(), "7,8,9", "bytes");
      session.socket.close();
    },
    "what there is room for is written, and no more; all of it arrives": async () => {
      const session = new Session(port, "/slow", { maxQueueBytes: 4_096 });
      await session.until("writable");
      const { socket } = session;
      let room = session.writable;
      const block = new Uint8Array(1_000);
      for (let sent = 0; sent < 60_000; sent += block.length) {
        assert(room <= 4_096, `room is ${room}`);
        assertEqual(
          thrownBy(() => socket.write(new Uint8Array(room + 1))),
          "ERR_INVALID_STATE",
          "too much",
        );
        if (room < block.length) room = await session.nextRoom();
        room = socket.write(block);
      }
      socket.write(Uint8Array.of(255));
      const expected = "60001 in 61";
      assertEqual(await session.text(expected.length), expected, "what came");
      socket.close();
    },
    "a piece for which there is room only without those before it is written": async () => {
      const session = new Session(port, "/mqtt", { maxQueueBytes: 512 });
      await session.until("writable");
      const { socket, writable } = session;
      assertEqual(writable, 512 - 78, "writable");
      socket.write(new Uint8Array(200), { more: true });
      socket.write(new Uint8Array(200));
      await session.bytes(400);
      socket.write(new Uint8Array(writable));
      await session.bytes(400 + writable);
      socket.close();
    },
  };
}

function openingTests(port: number): Tests {
  return {
    "the request has path, headers, subprotocol, and the host that was meant": async () => {
      const named = new Session(port, "/head?a=1", {
        host: "broker.example",
        address: "127.0.0.1",
        headers: { "X-Device": "7" },
      });
      const expected = `broker.example:${port}|7|mqtt`;
      assertEqual(await named.text(expected.length), expected, "head");
      named.socket.close();
      const plain = new Session(port, "/head", { host: "localhost" });
      const ofPlain = `localhost:${port}|none|mqtt`;
      assertEqual(await plain.text(ofPlain.length), ofPlain, "head");
      plain.socket.close();
    },
    "options are checked": () => {
      const wrong: readonly (readonly [string, object])[] = [
        ["no host", { host: undefined }],
        ["a host that is a number", { host: 5 }],
        ["a host with a path", { host: "a/b" }],
        ["port 0", { port: 0 }],
        ["no port", { port: undefined }],
        ["a path without slash", { path: "mqtt" }],
        ["a format", { format: "string" }],
        ["isSecure", { isSecure: "yes" }],
        ["a handler", { onReadable: 5 }],
        ["a header", { headers: { Upgrade: "x" } }],
        ["a limit", { maxQueueBytes: 1 }],
        ["a name", { maxQueueByte: 1_000 }],
        ["subprotocols", { subprotocols: ["x"] }],
        // Their tags are told by getters, which XS does not have.
        ["a handler of bytes", { onReadable: new Uint8Array(1) }],
        ["a handler that is another view", { onReadable: new DataView(new ArrayBuffer(1)) }],
        ["a handler that is an iterator", { onReadable: [1].values() }],
        ["a limit of messages", { maxMessageBytes: 65_536 }],
        ["no unread bytes", { maxUnreadBytes: 0 }],
      ];
      for (const [what, options] of wrong) {
        const create = (): unknown => new MqttSocket({ host: "127.0.0.1", port, ...options });
        assertEqual(thrownBy(create), "ERR_OPTION", what);
      }
      assertEqual(
        thrownBy(() => new MqttSocket(new Uint16Array(1) as never)),
        "ERR_OPTION",
        "no options",
      );
      const target = {};
      const socket = new MqttSocket({ host: "127.0.0.1", port, target, io: MqttSocket });
      assert(socket.target === target, "target");
      assertEqual(
        thrownBy(() => socket.write(Uint8Array.of(1))),
        "ERR_INVALID_STATE",
        "write before it is open",
      );
      assertEqual(
        thrownBy(() => (socket.format = "text" as never)),
        "ERR_OPTION",
        "format",
      );
      socket.close();
    },
  };
}

/**
 * @param port of streamserver.ts, on 127.0.0.1
 * @param pieceBytes what the host receives at once, at most
 */
export function streamTests(port: number, pieceBytes: number): Tests {
  return { ...readingTests(port, pieceBytes), ...writingTests(port), ...endingTests(port), ...openingTests(port) };
}
