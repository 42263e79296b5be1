/**
 * A steady load on both roles: `node --import tsx --conditions=source tests/bench/soak.ts [minutes=10] [clients=20]
 * [rate=50]`. Each client sends `rate` messages a second and wants each back; every ten seconds one client leaves and
 * comes again. Prints a line a minute, and fails where a message is lost or memory grows.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ClientWebSocket } from "xs-websockets/client";
import { WebSocketServer } from "xs-websockets/server";

const options = new Map(process.argv.slice(2).map((text) => text.split("=", 2) as [string, string]));
const option = (name: string, value: number): number => Number(options.get(name) ?? value);
const minutes = option("minutes", 10);
const clientCount = option("clients", 20);
const rate = option("rate", 50);
const SIZES = [16, 125, 1_024, 8_192];

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let sent = 0;
let received = 0;
let slowestMs = 0;
const latencies: number[] = [];

const server = new WebSocketServer({ address: "127.0.0.1", port: 0, maxClients: clientCount + 5 });
server.onMessageReceived = (_sender, { frame, webSocket }) => {
  webSocket.sendString(frame.text);
};
await server.start();

/** Sends the time and a filling, at the steady rate. */
class SoakClient {
  private readonly client = new ClientWebSocket();
  private timer: NodeJS.Timeout | undefined = undefined;
  private waiting = 0;
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
    this.client.onMessageReceived = (_sender, { frame }) => {
      const latencyMs = performance.now() - Number(frame.text.split(" ", 1)[0]);
      slowestMs = Math.max(slowestMs, latencyMs);
      if (received++ % 50 === 0) latencies.push(latencyMs);
      this.waiting--;
    };
  }

  async start(): Promise<void> {
    await this.client.connect(`ws://127.0.0.1:${server.port}/`);
    this.timer = setInterval(() => {
      sent++;
      this.waiting++;
      this.client.sendString(`${performance.now()} `.padEnd(this.size, "x"));
    }, 1_000 / rate);
  }

  /** Waits for what is on its way, and closes. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (let turn = 0; turn < 200 && this.waiting > 0; turn++) await sleep(10);
    const closed = new Promise<void>((resolve) => (this.client.onConnectionClosed = () => resolve()));
    this.client.close();
    await closed;
  }
}

function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1_048_576;
}

const clients = Array.from({ length: clientCount }, (_, at) => new SoakClient(SIZES[at % SIZES.length] ?? 16));
await Promise.all(clients.map((client) => client.start()));
await sleep(5_000);
const heapBefore = heapInUse();
const end = performance.now() + minutes * 60_000;
for (let turn = 1; performance.now() < end; turn++) {
  await sleep(Math.min(10_000, end - performance.now()));
  const leaver = clients[turn % clients.length];
  await leaver?.stop();
  await leaver?.start();
  if (turn % 6 === 0)
    console.log(`${turn / 6} min: ${received} of ${sent} messages, heap ${heapInUse().toFixed(1)} MiB`);
}
await Promise.all(clients.map((client) => client.stop()));
await sleep(200);
const heapAfter = heapInUse();
const { clientsCount } = server;
await server.stop();

latencies.sort((a, b) => a - b);
const percentile = (part: number): string => (latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(2);
console.log(
  `${minutes} min, ${clientCount} clients, ${rate} messages a second each: ${received} of ${sent} messages came back; ` +
    `latency median ${percentile(0.5)} ms, 99 % ${percentile(0.99)} ms, slowest ${slowestMs.toFixed(1)} ms; ` +
    `heap ${heapBefore.toFixed(1)} -> ${heapAfter.toFixed(1)} MiB; clients left ${clientsCount}`,
);
if (received !== sent || heapAfter > heapBefore + 5) process.exitCode = 1;
