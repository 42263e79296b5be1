/**
 * Simulated devices at a cluster of NATS on this machine, by MQTT over MqttSocket: how long until all are in, how long a
 * message takes, and how long until all are back when one of two servers ends.
 *
 *     npm run bench:fleet -- [devices=1000] [seconds=20] [jitter=0.3]
 *
 * It ends by itself: each phase has its time, and devices that are not in by its end are counted.
 */

import { readOptions, runScript, UsageError } from "../../scripts/commandline.js";
import { Backoff } from "../../modules/backoff.js";
import { Device } from "../fleet/device.js";
import { startNats } from "../mqtt/brokers.js";
import { eventually, letTimePass } from "../support/waiting.js";

const PHASE_MS = 180_000;
const MAX_DEVICES = 5_000;
const READING_INTERVAL_MS = 5_000;

function percentile(values: readonly number[], part: number): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? 0);
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(52)} ${value}`);
}

/** When each device was in, in milliseconds; watched from outside, to the turn. */
async function watch(devices: readonly Device[], start: number, isIn: (device: Device) => boolean): Promise<number[]> {
  const times: number[] = [];
  const waiting = new Set(devices);
  while (waiting.size > 0 && performance.now() - start < PHASE_MS) {
    for (const device of waiting)
      if (isIn(device)) {
        times.push(performance.now() - start);
        waiting.delete(device);
      }
    await letTimePass(20);
  }
  return times;
}

function printTimes(what: string, times: readonly number[], total: number): void {
  const at = (part: number): string => (percentile(times, part) / 1_000).toFixed(1);
  print(
    what,
    `${times.length} of ${total}; half after ${at(0.5)} s, 95 of 100 after ${at(0.95)} s, all after ${at(1)} s`,
  );
}

function readNumber(options: ReadonlyMap<string, string>, name: string, value: number): number {
  const number = Number(options.get(name) ?? value);
  if (number >= 0) return number;
  throw new UsageError(`${name}=${options.get(name) ?? ""}: this is a number, such as ${name}=${value}.`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), ["devices", "seconds", "jitter"]);
  const count = Math.min(readNumber(options, "devices", 1_000), MAX_DEVICES);
  const seconds = readNumber(options, "seconds", 20);
  const jitter = readNumber(options, "jitter", 0.3);
  const servers = await startNats(3);
  const ports = servers.slice(0, 2).map(({ port }) => port);
  const probe = new Device("probe", { ports: [ports[1] ?? 0] });
  await eventually(() => probe.at !== 0, "the cluster lets in", 60_000);
  // JetStream has made its streams by now, as in a fleet that runs.
  await probe.subscribe("fleet/+");
  await letTimePass(2_000);
  probe.messages.length = 0;

  const start = performance.now();
  const devices = Array.from(
    { length: count },
    (_, at) =>
      new Device(`device-${at}`, {
        ports: at % 2 === 0 ? ports : [...ports].reverse(),
        backoff: new Backoff({ initialMs: 1_000, maxMs: 10_000, jitter }),
        connectTimeoutMs: 20_000,
      }),
  );
  printTimes("all start at once, in", await watch(devices, start, (device) => device.at !== 0), count);
  const failures = (): number => devices.reduce((sum, device) => sum + device.failures, 0);
  print("attempts that failed", String(failures()));

  const latencies: number[] = [];
  let published = 0;
  const end = performance.now() + seconds * 1_000;
  const publishing = devices.map(async (device, at) => {
    await letTimePass((READING_INTERVAL_MS * at) / count);
    while (performance.now() < end) {
      if (device.at !== 0) {
        published += 1;
        await device.publish(`fleet/${at}`, String(performance.now()), 0).catch(() => {
          published -= 1;
        });
      }
      await letTimePass(READING_INTERVAL_MS);
    }
  });
  const gather = setInterval(() => {
    for (const message of probe.messages.splice(0)) latencies.push(performance.now() - Number(message.split(" ")[1]));
  }, 2);
  await Promise.all(publishing);
  await letTimePass(1_000);
  clearInterval(gather);
  print(`readings, one a device each ${READING_INTERVAL_MS / 1_000} s, for ${seconds} s`, String(published));
  print("of them, with quality 0, reached the listener", String(latencies.length));
  print("milliseconds: half, 99 of 100", `${percentile(latencies, 0.5)}, ${percentile(latencies, 0.99)}`);
  print("memory of this process", `${Math.round(process.memoryUsage().rss / 1_048_576)} MiB`);

  const lost = devices.filter(({ at }) => at === ports[0]);
  const before = failures();
  await servers[0]?.kill();
  const ended = performance.now();
  printTimes(
    "one of two servers ends, back at the other",
    await watch(lost, ended, ({ at }) => at === ports[1]),
    lost.length,
  );
  print("attempts that failed", String(failures() - before));
  await Promise.all([probe, ...devices].map((device) => device.stop()));
  await Promise.all(servers.map((server) => server.kill()));
  return 0;
}

runScript(main);
