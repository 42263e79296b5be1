/** MqttSocket on XS: as a stream, and below the SDK's own MQTT client with each broker that is there. */

import type { RawServer } from "../support/rawserver.js";
import { testCertificates } from "../support/certificates.js";
import { LONG_MS } from "../support/building.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { PASSWORD, USER, type Broker } from "./brokers.js";
import { CANDIDATES, type Candidate } from "./candidates.js";
import { exchangeTests } from "./exchange.js";
import { sdkClientTests } from "./sdkclient.js";
import { streamTests } from "./stream.js";
import { startStreamServer } from "./streamserver.js";

/** Of the one run of all tests that the tests here ask for. */

const sdk = findTlsSimulatorSdk();

const never = (): never => {
  throw new Error("It is not called.");
};

function namesOf({ name, hasSecure, hasRestart }: Candidate): readonly string[] {
  const restart = hasRestart ? never : undefined;
  const plain = { name, port: 0, passwordPort: 0, isSecure: false, restart };
  return [
    ...Object.keys(exchangeTests(never, plain)),
    ...(hasSecure ? Object.keys(exchangeTests(never, { name, port: 0, isSecure: true })) : []),
  ];
}

/** Of the tests without a broker. */
const ownNames = [
  ...Object.keys(streamTests(0, 0)),
  ...Object.keys(sdkClientTests(0, never as unknown as Parameters<typeof sdkClientTests>[1])),
];

const brokers: Broker[] = [];
let streams: RawServer | undefined;
let run: Promise<readonly string[]> | undefined;

afterAll(async () => {
  await Promise.all(brokers.map((broker) => broker.kill()));
  await streams?.stop();
});

/** What the app writes that runs all tests. */
async function runAll(): Promise<readonly string[]> {
  if (sdk === undefined) return [];
  streams = await startStreamServer();
  const settings = [`streams=${streams.port}`, `user=${USER}`, `password=${Buffer.from(PASSWORD).toString("base64")}`];
  const restarts = new Map<string, () => Promise<void>>();
  for (const { name, start } of CANDIDATES) {
    const broker = await start?.();
    if (broker === undefined) continue;
    brokers.push(broker);
    settings.push(`${name}=${[broker.port, broker.securePort, broker.passwordPort].join("/")}`);
    if (broker.restart !== undefined) restarts.set(name, broker.restart);
  }
  const { authority } = await testCertificates();
  settings.push(`authority=${Buffer.from(authority).toString("base64")}`);
  const simulator = await Simulator.start(sdk, "tests/xs/mqtt", settings);
  for (const [name, restart] of restarts)
    void simulator.waitForLine(new RegExp(`^restart ${name}$`), LONG_MS).then(restart, () => undefined);
  try {
    await simulator.waitForLine(/^(?:done |XS abort)/, LONG_MS);
  } finally {
    await simulator.stop();
  }
  return simulator.lines;
}

const linesOfRun = (): Promise<readonly string[]> => (run ??= runAll());

function testNames(names: readonly string[]): void {
  for (const name of names)
    test(
      name,
      async () => {
        // The SDK's TCP may have written something in front, without an end of the line.
        const told = (await linesOfRun()).filter((line) => line.includes(`ok ${name}`));
        expect(told.map((line) => line.replace(/^.*?(?=(?:not )?ok )/, ""))).toEqual([`ok ${name}`]);
      },
      LONG_MS,
    );
}

describeIf(sdk !== undefined, tlsSimulatorNeeds, "MqttSocket on XS, in the simulator", () => {
  testNames(ownNames);

  test(
    "no exception reaches the top, and every test was run",
    async () => {
      const lines = await linesOfRun();
      expect(lines.filter((line) => /^(?:uncaught|# Exception|XS abort)/.test(line))).toEqual([]);
      const there = CANDIDATES.filter(({ start }) => start !== undefined);
      const count = ownNames.length + there.flatMap(namesOf).length;
      expect(lines.at(-1)).toBe(`done ${count} passed, 0 failed`);
    },
    LONG_MS,
  );
});

for (const candidate of CANDIDATES) {
  const { name, start } = candidate;
  const missing = sdk === undefined ? tlsSimulatorNeeds : name;
  describeIf(sdk !== undefined && start !== undefined, missing, `MQTT on XS, in the simulator, with ${name}`, () =>
    testNames(namesOf(candidate)),
  );
}
