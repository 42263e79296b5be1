/** Bursts that are longer than the heap, which is as large as an ESP32 can spare: tests/mqtt/smallheap.test.ts says what it does. */

import { setTimer } from "#platform";
import config from "mc/config";
import { MqttSocket, NameAsAddress } from "xs-websockets/mqtt";
import { connect } from "../../../../apps/mqtt-sensor/mqtt/moddable.js";
import { measureMemory } from "../../memory.js";
import { tellUncaught } from "../../suitesettings.js";

tellUncaught();

const { streams, nats } = config as Readonly<Record<string, string | undefined>>;

/** The most that was reachable, in bytes. */
let most = { slots: 0, chunks: 0 };

function measure(): void {
  const { slots, chunks } = measureMemory();
  most = { slots: Math.max(most.slots, slots), chunks: Math.max(most.chunks, chunks) };
}

function tell(what: string): void {
  trace(`${what}; reachable at most ${most.slots.toString()} bytes of slots, ${most.chunks.toString()} of chunks\n`);
  most = { slots: 0, chunks: 0 };
}

/** Reads `total` bytes of the server's bursts. @param pieceBytes so many every 2 ms; 0: all as they come */
function readBurst(total: number, pieceBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let [count, calls] = [0, 0];
    const take = (socket: MqttSocket, bytes: number): void => {
      if (calls++ % 16 === 0) measure();
      count += (socket.read(bytes) as ArrayBuffer | undefined)?.byteLength ?? 0;
      if (count < total) return;
      socket.close();
      resolve();
    };
    const socket = new MqttSocket({
      ...{ host: "127.0.0.1", port: Number(streams), path: "/burst" },
      onReadable(readable) {
        if (pieceBytes === 0) take(this, readable);
      },
      onError: reject,
    });
    const readLater = (): void => {
      take(socket, pieceBytes);
      if (count < total) setTimer(readLater, 2);
    };
    if (pieceBytes !== 0) readLater();
  });
}

/** Counts messages until the last one comes. */
function listen(): Promise<string> {
  return new Promise((resolve) => {
    let count = 0;
    const connection = connect({
      ...{ host: "127.0.0.1", port: Number(nats), id: "small" },
      will: { topic: "will", text: "gone" },
      dns: { io: NameAsAddress },
      socket: { io: MqttSocket },
      onConnected: () => {
        connection.subscribe("burst/#", 0);
      },
      onMessage(topic) {
        if (topic === "burst/probe") {
          trace("subscribed\n");
          return;
        }
        if (count++ % 256 === 0) measure();
        if (topic === "burst/end") resolve(`${(count - 1).toString()} messages`);
      },
      onClosed: resolve,
    });
  });
}

async function main(): Promise<void> {
  measure();
  tell("empty");
  const total = Number(config["total" as keyof typeof config]);
  await readBurst(total, 0);
  tell("as it comes");
  await readBurst(total, 700);
  tell("slowly");
  if (nats !== undefined) tell(await listen());
  trace("done\n");
}

main().catch((error: unknown) => trace(`failed: ${String(error)}\n`));
