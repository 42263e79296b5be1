/** 1,000 calls and 100 reconnects leave nothing behind. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HubConnection } from "../../modules/signalr/client.js";
import { startNodeHub } from "./nodehub.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function settle(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

test("1,000 calls and 100 reconnects leave heap and timers where they were", async () => {
  const node = await startNodeHub();
  const connection = new HubConnection(node.url, { automaticReconnect: Array.from({ length: 5 }, () => 0) });
  let reconnected = (): void => undefined;
  connection.onreconnected = () => reconnected();
  await connection.start();

  const call = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) expect(await connection.invoke("Add", at, 1)).toBe(at + 1);
  };
  const reconnect = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      const again = new Promise<void>((resolve) => (reconnected = resolve));
      node.hub.disconnect(node.hub.connectionIds[0] ?? "", { allowReconnect: true });
      await again;
    }
  };

  await call(300);
  await reconnect(30);
  const [heap, timerCount] = [await settle(), timers()];
  await call(1_000);
  await reconnect(100);
  const grown = (await settle()) - heap;
  expect(timers()).toBe(timerCount);
  expect(node.hub.clientsCount).toBe(1);
  // 100 connections that are kept would be 300 KB; the heap's own noise is less than 100 KB.
  expect(grown).toBeLessThan(150_000);

  await connection.stop();
  await node.stop();
  await settle();
  expect(timers()).toBeLessThan(timerCount);
}, 60_000);
