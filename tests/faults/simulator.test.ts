/** The faults on XS: server and clients of the library in the simulator, and their peers on Node.js. */

import { silenceLog } from "../server/servertest.js";
import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { callbackTests } from "./callbacksuite.js";
import { CLIENT_CASES } from "./clientcases.js";
import { type FaultCase, runFaultCase } from "./faultbench.js";
import { type FaultHost, nodeHost, xsHost } from "./faulthosts.js";
import { NETWORK_CASES } from "./networkcases.js";
import { SERVER_CASES } from "./servercases.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

/** What runs beside the other tests from the start, since it waits for the system rather than for the processor. */
type Background = Promise<unknown>;

function startInBackground(task: Promise<unknown>): Background {
  // A test looks at it later.
  task.catch(() => undefined);
  return task;
}

const isLong = ({ isLong: answer = false }: FaultCase): boolean => answer;
const isShort = (row: FaultCase): boolean => !isLong(row);

describeIf(sdk !== undefined, "the Moddable SDK", "faults on XS, in the simulator", () => {
  let app: ControlledApp;
  let onXs: FaultHost;
  let onNode: FaultHost;
  let log: jest.SpyInstance;
  let callbacks: Background;
  const background = new Map<FaultCase, Background>();

  beforeAll(async () => {
    if (sdk === undefined) return;
    app = await ControlledApp.start(sdk, "tests/xs/faults", ["-i"]);
    log = silenceLog();
    onXs = xsHost(app);
    onNode = nodeHost(log);
    for (const row of SERVER_CASES.filter(isLong))
      background.set(row, startInBackground(runFaultCase(row, onXs, onNode)));
    for (const row of CLIENT_CASES.filter(isLong))
      background.set(row, startInBackground(runFaultCase(row, onNode, onXs)));
    callbacks = startInBackground(app.ask("callbacks"));
  }, LONG_MS);

  afterAll(async () => {
    log.mockRestore();
    await app.stop();
  });

  afterEach(() => {
    expect(app.problems).toEqual([]);
  });

  describe("a network between a server on XS and clients on Node.js", () => {
    test.each(NETWORK_CASES)("$name", (row) => runFaultCase(row, onXs, onNode));
  });

  describe("a network between a server on Node.js and clients on XS", () => {
    test.each(NETWORK_CASES)("$name", (row) => runFaultCase(row, onNode, onXs));
  });

  describe("hostile clients of a server on XS", () => {
    test.each(SERVER_CASES.filter(isShort))("$name", (row) => runFaultCase(row, onXs, onNode));
    test.each(SERVER_CASES.filter(isLong))("$name", (row) => background.get(row), LONG_MS);
  });

  describe("hostile servers of a client on XS", () => {
    test.each(CLIENT_CASES.filter(isShort))("$name", (row) => runFaultCase(row, onNode, onXs));
    test.each(CLIENT_CASES.filter(isLong))("$name", (row) => background.get(row), LONG_MS);
  });

  test(
    "every act from within every handler",
    async () => {
      await callbacks;
      const outcomes = app.simulator.lines.filter((line) => /^(?:not ok|done) /.test(line));
      expect(outcomes).toEqual([`done ${Object.keys(callbackTests()).length} passed, 0 failed`]);
    },
    LONG_MS,
  );
});
