/** The RGB sample with the LED of ESP32 boards, in the simulator: the drivers and the board's setup are fakes. */

import { WebSocket } from "ws";
import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";
import { eventually } from "../support/waiting.js";

const sdk = findSimulatorSdk();

/** What a pixel is told that shows a colour. */
function pixel(color: string): string[] {
  return [`pixel 0 is ${color}`, "updated"];
}

const [RED, GREEN, BLUE] = [pixel("ff0000"), pixel("ff00"), pixel("ff")];
const COLORS = [...RED, ...GREEN, ...BLUE];
const SWITCHED = ["switched to 1", "switched to 1", "switched to 1"];
const NONE = "No LED is known of this board: the colours are on the page only.";

describeIf(sdk !== undefined, "the Moddable SDK", "the RGB server on boards, in the simulator", () => {
  let simulator: Simulator | undefined;
  afterEach(() => simulator?.stop());

  test.each([
    ["a define", "define", ["NeoPixel {}", ...COLORS]],
    ["lights of the board's setup: one driver, no second", "lights", ["NeoPixel {}", ...COLORS]],
    ["a pixel of Host.LED", "pixel", ['NeoPixel {"pin":8,"length":1,"order":"GRB"}', ...COLORS]],
    ["one colour of Host.LED", "onecolor", SWITCHED],
    ["a Host.LED that throws", "broken", ["A LED does not work: Error: broken", NONE]],
    ["a driver that throws", "busy", ["A LED does not work: Error: no rmt", NONE]],
    ["no LED at all", "none", [NONE]],
  ])(
    "%s: red, green when it serves, blue by a client",
    async (_name, board, expected) => {
      if (sdk === undefined) return;
      const port = await findFreePort();
      simulator = await Simulator.start(sdk, "tests/apps/xs/led", [`port=${port}`, `board=${board}`]);
      await simulator.waitForLine(/^http:/);
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
      await chooseBlue(port);
      const told = (): readonly string[] =>
        simulator?.lines.filter((line) => !/^(?:http:|xs-websockets )/.test(line)) ?? [];
      await eventually(() => told().length >= expected.length);
      expect(told()).toEqual(expected);
    },
    LONG_MS,
  );
});

/** Sets the colour, and waits until it is told. */
async function chooseBlue(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  const told = new Promise<void>((resolve) => {
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary && data.toString("hex") === "0000ff") resolve();
    });
  });
  socket.on("open", () => socket.send(Buffer.from([0, 0, 255])));
  await told;
  socket.terminate();
}
