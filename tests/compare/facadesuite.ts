/** What the classes of `xs-websockets/sdk` promise beyond what a usual program does. Runs on XS too. */

import { encodeUtf8 } from "#platform";
import { Client } from "xs-websockets/sdk/client";
import { WebSocketClient } from "xs-websockets/sdk/ecma419";
import { Server } from "xs-websockets/sdk/server";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";

const HOST = "127.0.0.1";
/** Nobody listens there. */
const CLOSED_PORT = 1;
const QUIET_MS = 200;

function throws(action: () => unknown, message: string): void {
  try {
    action();
  } catch (error) {
    assert(String(error).includes(message), `threw ${String(error)}`);
    return;
  }
  throw new Error(`threw nothing; expected ${message}`);
}

function callbackTests(port: () => number): Tests {
  return {
    async "a client is told once that it cannot connect"() {
      const told: number[] = [];
      const client = new Client({ host: HOST, port: CLOSED_PORT });
      client.callback = (message) => void told.push(message);
      await eventually(() => told.length > 0);
      await letTimePass(QUIET_MS);
      assertEqual(told.join(), String(Client.disconnect), "told");
    },
    async "a client that closes is told of nothing more"() {
      const told: number[] = [];
      const client = new Client({ host: HOST, port: port() });
      client.callback = function (message) {
        told.push(message);
        if (message !== Client.handshake) return;
        this.write("comes back");
        this.close();
        this.close();
      };
      await eventually(() => told.includes(Client.handshake));
      await letTimePass(QUIET_MS);
      assertEqual(told.join(), "1,2", "told");
    },
    async "a client that closes before it is connected is told of nothing"() {
      const client = new Client({ host: HOST, port: port() });
      client.callback = () => assert(false, "it was told");
      client.close();
      await letTimePass(QUIET_MS);
    },
    async "a callback that throws closes the connection"() {
      const told: number[] = [];
      const client = new Client({ host: HOST, port: port() });
      client.callback = (message) => {
        told.push(message);
        if (message === Client.handshake) throw new Error("The test asked for it.");
      };
      await eventually(() => told.includes(Client.disconnect));
    },
    async "a queue that is full is told"() {
      const client = new Client({ host: HOST, port: port(), maxQueueBytes: 300 });
      let told: unknown;
      client.callback = function (message) {
        if (message !== Client.handshake) return;
        try {
          for (let count = 0; count < 100_000; count++) this.write("x".repeat(200));
        } catch (error) {
          told = error;
        }
        this.close();
      };
      await eventually(() => told !== undefined);
      assert(String(told).includes("maxQueueBytes"), String(told));
    },
    "what is not taken is told"() {
      throws(() => new Client({ port: 80 }), "host");
      throws(() => new Client({ host: HOST, headers: ["Name"] }), "a value is missing");
      throws(() => new Client({ host: HOST, socket: {} } as never), "socket");
      throws(() => new Server({ port: null as never }), "addWebSocket");
    },
  };
}

function ecma419Tests(port: () => number): Tests {
  const bytes = (text: string): ArrayBuffer => new Uint8Array(encodeUtf8(text)).buffer;
  return {
    async "messages wait until those before them are read"() {
      const counts: number[] = [];
      let isStarted = false;
      const client = new WebSocketClient({
        ...{ host: HOST, port: port() },
        onWritable() {
          if (isStarted) return;
          isStarted = true;
          for (const text of ["abcd", "ef"]) this.write(bytes(text), { binary: false });
        },
        onReadable: (count) => void counts.push(count),
      });
      await eventually(() => counts.length > 0);
      await letTimePass(QUIET_MS);
      assertEqual(counts.join(), "4", "told before it is read");
      client.format = "number";
      assertEqual(client.read(), 0x61, "the first byte");
      client.format = "buffer";
      const target = new Uint8Array(2);
      assertEqual(client.read(target), 2, "bytes into a buffer");
      assertEqual(target.join(), "98,99", "the buffer");
      for (const count of [0, -1, 0.5, NaN]) throws(() => client.read(count), "positive number");
      throws(() => (client.format = "text" as never), "format");
      assertEqual((client.read(10) as ArrayBuffer).byteLength, 1, "what is left");
      await eventually(() => counts.length === 2);
      assertEqual((client.read() as ArrayBuffer).byteLength, 2, "the second message");
      assertEqual(client.read(), undefined, "behind all");
      client.close();
    },
    async "onWritable comes again when what was written has left"() {
      let count = 0;
      const client = new WebSocketClient({
        ...{ host: HOST, port: port(), maxQueueBytes: 2_000 },
        onWritable(room) {
          count++;
          if (count < 5) this.write(new Uint8Array(room));
        },
        onReadable(length) {
          this.read(length);
        },
      });
      await eventually(() => count === 5);
      throws(() => client.write(new Uint8Array(2_001)), "maxQueueBytes");
      client.close();
      throws(() => client.write(new Uint8Array(1)), "onWritable");
    },
    async "onWritable waits until the peer reads"() {
      const state = { told: 0, isFull: false };
      const client = new WebSocketClient({
        ...{ host: HOST, port: port(), maxQueueBytes: 64_000, maxMessageBytes: 64_000 },
        onWritable() {
          if (++state.told === 1) this.write(bytes("read nothing"), { binary: false });
          else while (!state.isFull) state.isFull = this.write(new Uint8Array(60_000)) < 60_000;
        },
        onReadable(length) {
          this.read(length);
        },
      });
      await eventually(() => state.isFull);
      const { told } = state;
      await letTimePass(QUIET_MS);
      assertEqual(state.told, told, "told while the peer reads nothing");
      const other = new WebSocketClient({
        ...{ host: HOST, port: port() },
        onWritable() {
          this.write(bytes("read on"), { binary: false });
          this.close();
        },
      });
      await eventually(() => state.told > told);
      other.close();
      client.close();
    },
    async "what there is room for is sent, however many messages it is"() {
      const state = { step: 0, sent: 0, answer: "" };
      const client = new WebSocketClient({
        ...{ host: HOST, port: port(), maxQueueBytes: 64_000, maxMessageBytes: 64_000 },
        onWritable() {
          if (++state.step === 1) this.write(bytes("read nothing"), { binary: false });
          if (state.step === 2) {
            let room = Infinity;
            while (room >= 30_000) room = this.write(new Uint8Array(30_000));
            while (room >= 20) room = this.write(bytes(`#${state.sent++}`), { binary: false });
          }
          if (state.step === 3) this.write(bytes("how many"), { binary: false });
        },
        onReadable(length, { binary }) {
          const data = this.read(length);
          if (!binary) state.answer = String.fromCharCode(...new Uint8Array(data as ArrayBuffer));
        },
      });
      await eventually(() => state.step === 2);
      const other = new WebSocketClient({
        ...{ host: HOST, port: port() },
        onWritable() {
          if (state.answer === "") this.write(bytes("read on"), { binary: false });
        },
      });
      await eventually(() => state.answer !== "");
      assert(state.sent > 10, `${state.sent} were written`);
      assertEqual(state.answer, String(state.sent), "came");
      other.close();
      client.close();
    },
    async "all that there is room for is sent in fragments"() {
      let count = 0;
      const client = new WebSocketClient({
        ...{ host: HOST, port: port(), maxQueueBytes: 2_000, maxFragmentSize: 100 },
        onWritable(room) {
          if (++count < 3) this.write(new Uint8Array(room));
        },
        onReadable(length) {
          this.read(length);
        },
      });
      await eventually(() => count === 3);
      client.close();
    },
    async "the first piece says what a message is, and so does an opcode"() {
      const told: string[] = [];
      let isStarted = false;
      const client = new WebSocketClient({
        ...{ host: HOST, port: port() },
        onWritable() {
          if (isStarted) return;
          isStarted = true;
          this.write(bytes("a"), { binary: false, more: true });
          this.write(bytes("b"));
          this.write(bytes("c"), { opcode: WebSocketClient.text });
          this.write(bytes("d"), { opcode: WebSocketClient.binary });
        },
        onReadable(length, { binary }) {
          told.push(`${binary ? "bytes" : "text"} ${(this.read(length) as ArrayBuffer).byteLength}`);
        },
      });
      await eventually(() => told.length === 3);
      assertEqual(told.join(), "text 2,text 1,bytes 1", "told");
      throws(() => client.write(bytes("e"), { opcode: 3 }), "opcode");
      client.close();
    },
    async "a connection that is lost, and one that cannot be made, are errors"() {
      const told: string[] = [];
      const tell = (event: string) => () => void told.push(event);
      new WebSocketClient({ host: HOST, port: CLOSED_PORT, onError: tell("none"), onClose: tell("closed") });
      new WebSocketClient({
        ...{ host: HOST, port: port(), onError: tell("lost"), onClose: tell("closed") },
        onWritable() {
          if (told.length < 2) this.write(bytes("stop"), { binary: false });
        },
      });
      await eventually(() => told.length === 2);
      await letTimePass(QUIET_MS);
      assertEqual(told.sort().join(), "lost,none", "told");
    },
    async "the peer's Close is told, with its status"() {
      const told: string[] = [];
      new WebSocketClient({
        ...{ host: HOST, port: port() },
        onWritable() {
          this.write(bytes("bye"), { binary: false });
        },
        onControl: (opcode, data) => void told.push(`${opcode} ${new Uint8Array(data).join()}`),
        onClose: () => void told.push("closed"),
      });
      await eventually(() => told.length === 2);
      assertEqual(told.join("; "), "8 3,232; closed", "told");
    },
    "what is not taken is told"() {
      throws(() => new WebSocketClient({}), "host");
      throws(() => new WebSocketClient({ host: HOST, attach: {} } as never), "addWebSocket");
      throws(() => new WebSocketClient({ host: HOST, port: 0 }), "port");
      throws(() => new WebSocketClient({ host: HOST, format: "text" as never }), "format");
      throws(() => new WebSocketClient({ host: HOST, onReadable: 1 as never }), "onReadable");
    },
  };
}

/** @param port of an echo server that obeys the words of facades.test.ts */
export function facadeTests(port: () => number): Tests {
  const named = (prefix: string, tests: Tests): Tests =>
    Object.fromEntries(Object.entries(tests).map(([name, test]) => [`${prefix}: ${name}`, test]));
  return { ...named("callback", callbackTests(port)), ...named("ECMA-419", ecma419Tests(port)) };
}
