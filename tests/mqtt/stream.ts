/** MqttSocket as a stream of bytes, on every host. No API of Node or Jest: it is used on XS too. */

import { MqttSocket, type MqttSocketOptions } from "xs-websockets/mqtt";
import { assert, assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** A socket whose callbacks are recorded, and which reads all that comes unless it is told not to. */
class Session extends EventLog {
  readonly socket: MqttSocket;
  readonly received: number[] = [];
  error: unknown = undefined;
  isReading: boolean;
  writable = 0;
  /** The most that could be read at a time. */
  mostReadable = 0;
  /** How often `onWritable` was called. */
  writables = 0;

  constructor(port: number, path: string, options: Partial<MqttSocketOptions<MqttSocket>> = {}, isReading = true) {
    super();
    this.isReading = isReading;
    this.socket = new MqttSocket({
      ...{ host: "127.0.0.1", port, path, closeTimeoutMs: 1_000 },
      onReadable: (count) => this.readable(count),
      onWritable: (count) => {
        this.writable = count;
        this.writables += 1;
        this.record("writable");
      },
      onError: (error) => {
        this.error = error;
        this.record(`error ${error.code}`);
      },
      ...options,
    });
  }

  /** Waits until so many bytes came. @returns them */
  async bytes(count: number): Promise<readonly number[]> {
    await eventually(
      () => this.received.length >= count,
      () => `${count} bytes, but ${this.received.length}`,
    );
    return this.received;
  }

  async text(count: number): Promise<string> {
    return String.fromCharCode(...(await this.bytes(count)).slice(-count));
  }

  /** Waits for onWritable. */
  async nextRoom(): Promise<number> {
    const before = this.writables;
    await eventually(() => this.writables !== before);
    return this.writable;
  }

  take(bytes: ArrayBuffer | number | undefined): void {
    for (const byte of new Uint8Array(bytes as ArrayBuffer)) this.received.push(byte);
  }

  private readable(count: number): void {
    this.mostReadable = Math.max(this.mostReadable, count);
    this.record("readable");
    if (this.isReading) this.take(this.socket.read(count));
  }
}

/** What an action throws: its name. */
function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(codeOf(error));
  }
  return "nothing";
}

const ASCENDING = "1,2,3,4,5,6,7,8,9,10";

function readingTests(port: number): Tests {
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
      const session = new Session(port, "/flood", { maxMessageBytes: 1_024 }, false);
      await eventually(() => session.mostReadable >= 1_024);
      await letTimePass(200);
      assert(session.mostReadable <= 2_048, `${session.mostReadable} bytes are held`);
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
      const session = new Session(port, "/flood", { maxMessageBytes: 60_100 }, false);
      await eventually(() => session.mostReadable >= 60_100);
      await letTimePass(50);
      assert(session.mostReadable < 60_200, `${session.mostReadable} bytes`);
      session.isReading = true;
      session.take(session.socket.read());
      assertEqual((await session.bytes(60_400)).slice(60_000).join(), new Array(400).fill(255).join(), "tail");
      session.socket.close();
    },
    "a frame beyond maxMessageBytes ends it": async () => {
      const session = new Session(port, "/big", { maxMessageBytes: 1_999 });
      await session.until("error ERR_MESSAGE_TOO_BIG");
      assertEqual(session.received.length, 0, "bytes");
    },
  };
}

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

function endingTests(port: number): Tests {
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
        assertEqual(
          thrownBy(() => session.socket.write(Uint8Array.of(1))),
          "ERR_INVALID_STATE",
          "write after the end",
        );
        session.socket.close();
      }
    },
    "a text closes it (MQTT 3.1.1, 6)": async () => {
      const session = new Session(port, "/text");
      await session.until("error ERR_PROTOCOL");
      assertEqual(session.received.join(), "1", "bytes");
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
    "a callback that throws closes it": async () => {
      const session = new Session(port, "/split", {
        onReadable: () => {
          throw new Error("a mistake");
        },
      });
      await session.until("error ERR_HANDLER");
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
      ];
      for (const [what, options] of wrong) {
        const create = (): unknown => new MqttSocket({ host: "127.0.0.1", port, ...options });
        assertEqual(thrownBy(create), "ERR_OPTION", what);
      }
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

/** @param port of streamserver.ts, on 127.0.0.1 */
export function streamTests(port: number): Tests {
  return { ...readingTests(port), ...writingTests(port), ...endingTests(port), ...openingTests(port) };
}
