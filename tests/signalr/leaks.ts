/** Five times 1,000 calls and 100 reconnects; writes what they leave behind. Run by leaks.test.ts with `node --expose-gc`. */

import { HubConnection } from "../../modules/signalr/client.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { letTimePass } from "../support/waiting.js";

async function heapAfterGarbageCollection(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    await letTimePass(20);
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

async function call(connection: HubConnection, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const sum = await connection.invoke("Add", at, 1);
    if (sum !== at + 1) throw new Error(`the sum is ${String(sum)}`);
  }
}

async function reconnect(connection: HubConnection, { hub }: NodeHub, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const again = new Promise<void>((resolve) => (connection.onreconnected = () => resolve()));
    hub.disconnect(hub.connectionIds[0] ?? "", { allowReconnect: true });
    await again;
  }
}

async function main(): Promise<void> {
  const node = await startNodeHub();
  const connection = new HubConnection(node.url, { automaticReconnect: [0, 0, 0, 0, 0] });
  await connection.start();
  await call(connection, 300);
  await reconnect(connection, node, 30);
  const timers = countTimers();
  const grown: number[] = [];
  let heap = await heapAfterGarbageCollection();
  for (let round = 0; round < 5; round++) {
    await call(connection, 1_000);
    await reconnect(connection, node, 100);
    const now = await heapAfterGarbageCollection();
    grown.push(now - heap);
    heap = now;
  }
  // What Node.js makes once, such as compiled code, is in one of the rounds; what is kept would be in all.
  const grownBytes = Math.min(...grown);
  const grownTimers = countTimers() - timers;
  const clients = node.hub.clientsCount;
  await connection.stop();
  await node.stop();
  await heapAfterGarbageCollection();
  process.stdout.write(JSON.stringify({ grownBytes, grownTimers, clients, timersAtTheEnd: countTimers() }));
}

void main();
