/** How the samples join the Wi-Fi of a device, in the simulator: the Wi-Fi is a fake. */

import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";
import { eventually } from "../support/waiting.js";

const sdk = findSimulatorSdk();
const CONNECT = 'connect {"SSID":"home","password":"secret123"}';
const JOINED = 'Joined the Wi-Fi "home" as 192.0.2.7.';

describeIf(sdk !== undefined, "the Moddable SDK", "the Wi-Fi of a device, in the simulator", () => {
  let simulator: Simulator | undefined;
  afterEach(() => simulator?.stop());

  async function start(...settings: readonly string[]): Promise<Simulator> {
    if (sdk === undefined) throw new Error("There is no SDK.");
    simulator = await Simulator.start(sdk, "tests/apps/xs/wifi", settings);
    return simulator;
  }

  test(
    "tells a wrong password and a network out of reach, and tries until it joins; then the app starts",
    async () => {
      const running = await startWith("refused,absent,throws");
      await running.waitForLine(/^the app has started/);
      expect(running.lines).toEqual([
        'Joining the Wi-Fi "home".',
        CONNECT,
        'The Wi-Fi "home" cannot be joined: it is in reach, so the password is most likely wrong. Trying again.',
        CONNECT,
        'The Wi-Fi "home" cannot be joined: it is not in reach; in reach are "neighbour". An ESP32 knows 2.4 GHz only, ' +
          "and letter case matters. Trying again.",
        CONNECT,
        'The Wi-Fi "home" cannot be tried: Error: connect failed',
        CONNECT,
        'The Wi-Fi "home" lets the device in. Waiting for an address.',
        JOINED,
        "The time server time.example does not answer. Asking again.",
        "SNTP asks time.example, then time.example",
        "the app has started",
      ]);
    },
    LONG_MS,
  );

  test(
    "joins again when it was lost, and does not start the app twice",
    async () => {
      const running = await startWith("lost,absent");
      const { lines } = running;
      await running.waitForLine(/is lost/);
      await running.waitForLine(/cannot be joined/);
      await eventually(() => lines.filter((line) => line === JOINED).length > 1);
      expect(lines.filter((line) => line === "the app has started")).toHaveLength(1);
      expect(lines).toContain('The Wi-Fi "home" is lost. Trying again.');
    },
    LONG_MS,
  );

  test(
    "says so again and again where no ssid is known, and does not start the app",
    async () => {
      const running = await start("ssid=");
      const { lines } = running;
      await running.waitForLine(/^No Wi-Fi: build with ssid=/);
      await eventually(() => lines.length > 1);
      expect(new Set(lines)).toEqual(new Set(['No Wi-Fi: build with ssid="your network" password="its password".']));
    },
    LONG_MS,
  );

  async function startWith(outcomes: string): Promise<Simulator> {
    return start("ssid=home", "password=secret123", `outcomes=${outcomes}`);
  }
});
