/** How an MqttSocket ends, on every host. No API of Node or Jest: it is used on XS too. */

import { MqttSocket } from "xs-websockets/mqtt";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { Session, thrownBy } from "./session.js";

/** @param port of streamserver.ts, on 127.0.0.1 */
export function endingTests(port: number): Tests {
  return {
    "the end is told once, when all that came is read": async () => {
      for (const [path, code] of [
        ["/close", "ERR_NETWORK"],
        ["/lost", "ERR_NETWORK"],
      ] as const) {
        const session = new Session(port, path, {}, false);
        await session.until("readable");
        await letTimePass(60);
        assertEqual(session.error, undefined, "error before the bytes are read");
        session.take(session.socket.read());
        assertEqual(session.received.join(), "1,2,3", "bytes");
        await session.until(`error ${code}`);
        await letTimePass(20);
        assertEqual(session.events.filter((event) => event.startsWith("error")).length, 1, "errors");
        // Whoever writes at its own time may not know yet.
        assertEqual(session.socket.write(Uint8Array.of(1)), 0, "room after the end");
        session.socket.close();
        assertEqual(
          thrownBy(() => session.socket.write(Uint8Array.of(1))),
          "ERR_INVALID_STATE",
          "write after close",
        );
      }
    },
    "a text closes it (MQTT 3.1.1, 6)": async () => {
      const session = new Session(port, "/text");
      await session.until("error ERR_PROTOCOL");
      assertEqual(session.received.join(), "1", "bytes");
      assertEqual((session.error as { closeStatus?: number }).closeStatus, 1_003, "status");
    },
    "a text in pieces closes it with its first one": async () => {
      const session = new Session(port, "/long-text");
      await session.until("error ERR_PROTOCOL");
      assertEqual((session.error as { closeStatus?: number }).closeStatus, 1_003, "status");
    },
    "a server that does not choose mqtt is none": async () => {
      const session = new Session(port, "/none");
      await session.until("error ERR_HANDSHAKE");
      assertEqual(session.writables, 0, "calls of onWritable");
    },
    "nothing is told after close, also before it is open": async () => {
      const early = new Session(port, "/mqtt");
      early.socket.close();
      const open = new Session(port, "/mqtt");
      await open.until("writable");
      open.socket.write(Uint8Array.of(1, 2, 3));
      open.socket.close();
      open.socket.close();
      await letTimePass(100);
      assertEqual(early.events.join(), "", "events");
      assertEqual(open.events.join(), "writable", "events");
      assertEqual(
        thrownBy(() => open.socket.write(Uint8Array.of(1))),
        "ERR_INVALID_STATE",
        "write after close",
      );
      assertEqual(open.socket.read(), undefined, "read after close");
    },
    "who cannot connect is told why": async () => {
      const session = new Session(1, "/mqtt");
      await session.until("error ECONNREFUSED");
      const refused = new Session(port, "/404", { connectTimeout: 300 });
      await refused.until("writable");
      refused.socket.close();
    },
    "a callback that throws closes it, also an async one": async () => {
      const mistakes = [
        () => {
          throw new Error("a mistake");
        },
        () => Promise.reject(new Error("an async mistake")),
      ];
      for (const mistake of mistakes)
        for (const callback of ["onReadable", "onWritable"]) {
          const session = new Session(port, "/split", { [callback]: mistake });
          await session.until("error ERR_HANDLER");
          await letTimePass(20);
          assertEqual(session.events.filter((event) => event.startsWith("error")).length, 1, callback);
        }
    },
    "a callback that throws when it is told of the end harms nothing": async () => {
      let calls = 0;
      for (const path of ["/close", "/none"])
        for (const mistake of [() => never(), () => Promise.reject(new Error("an async mistake"))])
          new MqttSocket({
            ...{ host: "127.0.0.1", port, path },
            onReadable() {
              this.read();
            },
            onError() {
              calls += 1;
              return mistake();
            },
          });
      await eventually(() => calls === 4);
      await letTimePass(50);
      assertEqual(calls, 4, "calls");
    },
    "each callback may close it, and write before": async () => {
      const closing = { isOver: false };
      for (const callback of ["onReadable", "onWritable"]) {
        const session: Session = new Session(port, "/split", {
          [callback]: () => {
            session.socket.write(Uint8Array.of(1));
            session.socket.close();
            closing.isOver = true;
          },
        });
        await eventually(() => closing.isOver);
        closing.isOver = false;
        await letTimePass(50);
        assertEqual(session.events.filter((event) => event !== "writable").join(), "", callback);
      }
      const session: Session = new Session(port, "/close", {
        onError: () => {
          assertEqual(session.socket.write(Uint8Array.of(1)), 0, "room after the end");
          session.socket.close();
          session.socket.close();
          closing.isOver = true;
        },
      });
      await eventually(() => closing.isOver);
    },
    "who writes while the server breaks the connection is told by onError, not by an exception": async () => {
      const session = new Session(port, "/reset");
      await session.until("writable");
      const { socket } = session;
      let writes = 0;
      for (let room = session.writable; session.error === undefined; writes++) {
        assert(writes < 5_000, "no end is told");
        room = socket.write(new Uint8Array(Math.min(room, 100)), { more: writes % 3 === 0 });
        await letTimePass(1);
      }
      // Which code it is, the host says.
      assertEqual((session.error as Error).name, "NetworkError", "error");
      assertEqual(socket.write(Uint8Array.of(1)), 0, "room after the end");
      assertEqual(socket.read(), undefined, "bytes after the end");
    },
  };
}

function never(): never {
  throw new Error("a mistake");
}
