/** What an MqttSocket reads, on every host. No API of Node or Jest: it is used on XS too. */

import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { BURST_BYTES, burstByte, Session } from "./session.js";

const ASCENDING = "1,2,3,4,5,6,7,8,9,10";

/**
 * @param port of streamserver.ts, on 127.0.0.1
 * @param pieceBytes what the host receives at once, at most
 */
export function readingTests(port: number, pieceBytes: number): Tests {
  return {
    "frames are joined to a stream: fragments, empty ones, several in a segment": async () => {
      const session = new Session(port, "/split");
      assertEqual((await session.bytes(10)).join(), ASCENDING, "bytes");
      session.socket.close();
    },
    "bytes are read one by one, into a buffer, so many or all": async () => {
      const session = new Session(port, "/split", {}, false);
      const { socket } = session;
      await eventually(() => session.mostReadable >= 10);
      socket.format = "number";
      assertEqual(socket.format, "number", "format");
      assertEqual([1, 2, 3].map(() => socket.read() as number).join(), "1,2,3", "numbers");
      socket.format = "buffer";
      const into = new Uint8Array(4);
      assertEqual(socket.read(into.subarray(1, 3)), 2, "count");
      assertEqual(into.join(), "0,4,5,0", "into a part of a buffer");
      assertEqual(new Uint8Array(socket.read(1) as ArrayBuffer).join(), "6", "one");
      assertEqual(new Uint8Array(socket.read() as ArrayBuffer).join(), "7,8,9,10", "all");
      assertEqual(socket.read(), undefined, "nothing");
      assertEqual(socket.read(into), undefined, "nothing into a buffer");
      socket.close();
    },
    "who reads nothing slows the server down, and loses nothing": async () => {
      const session = new Session(port, "/flood", { maxUnreadBytes: 1_024 }, false);
      await eventually(() => session.mostReadable >= 1_024);
      await letTimePass(200);
      assert(session.mostReadable <= 1_024 + pieceBytes, `${session.mostReadable} bytes are held`);
      session.isReading = true;
      session.take(session.socket.read());
      const bytes = await session.bytes(60_400);
      assertEqual(
        bytes.findIndex((byte, at) => byte !== (at < 60_000 ? Math.floor(at / 1_000) : 255)),
        -1,
        "the first wrong byte",
      );
      session.socket.close();
    },
    "small frames that are not read are bounded, too": async () => {
      const session = new Session(port, "/flood", { maxUnreadBytes: 60_100 }, false);
      await eventually(() => session.mostReadable >= 60_100);
      await letTimePass(50);
      assert(session.mostReadable < 60_200, `${session.mostReadable} bytes`);
      session.isReading = true;
      session.take(session.socket.read());
      assertEqual((await session.bytes(60_400)).slice(60_000).join(), new Array(400).fill(255).join(), "tail");
      session.socket.close();
    },
    "messages of 77 KB, whole and in fragments with Pings, are read in pieces, slowly, too": async () => {
      for (const isReading of [true, false]) {
        const session = new Session(port, "/burst", {}, isReading);
        if (isReading) await session.bytes(2 * BURST_BYTES + 1);
        else await session.readSlowly(1_500, 2 * BURST_BYTES + 1);
        const { received, mostReadable } = session;
        assert(mostReadable <= 4_096 + pieceBytes, `${mostReadable} bytes are held`);
        assertEqual(
          received.findIndex((byte, at) => at < 2 * BURST_BYTES && byte !== burstByte(at % BURST_BYTES)),
          -1,
          "the first wrong byte",
        );
        assertEqual(received.at(-1), 2, "Pings that were answered");
        session.socket.close();
      }
    },
    "no length is too large: a stream has none": async () => {
      const session = new Session(port, "/endless");
      assertEqual((await session.bytes(10)).join(), ASCENDING, "bytes");
      session.socket.write(Uint8Array.of(7));
      await session.bytes(11);
      assertEqual(session.received[10], 7, "what comes later in the same frame");
      session.socket.close();
    },
  };
}
