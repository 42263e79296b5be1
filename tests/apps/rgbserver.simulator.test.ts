/** The RGB sample as XS runs it: the page, two clients, and the colour of the simulator's screen. */

import { once } from "node:events";

import { WebSocket } from "ws";

import { findFreePort } from "../support/apps.js";
import { decodeQrCode } from "../support/qrcode.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";
import { eventually } from "../support/waiting.js";

const sdk = findSimulatorSdk();
/** The LED has two fifths of the default device's screen, 240 by 320. */
const LED_PIXELS = 32_000;

interface Client {
  readonly socket: WebSocket;
  /** Colours as hex, and texts, in the order in which they came. */
  readonly received: string[];
}

/** What the server tells all clients of itself, beside the colour. */
interface State {
  readonly clients: number;
  readonly effect: string;
  readonly seconds: number;
}

/** The state that a client was told of last, if that was the last that it was told. */
function stateOf({ received }: Client): State | undefined {
  const last = received.at(-1) ?? "";
  return last.startsWith("{") ? (JSON.parse(last) as State) : undefined;
}

async function openClient(port: number): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  const received: string[] = [];
  socket.on("message", (data, isBinary) => received.push((data as Buffer).toString(isBinary ? "hex" : "utf8")));
  await once(socket, "open");
  return { socket, received };
}

describeIf(sdk !== undefined, "the Moddable SDK", "the RGB server in the simulator", () => {
  let simulator: Simulator;
  let port: number;

  beforeAll(async () => {
    if (sdk === undefined) return;
    port = await findFreePort();
    simulator = await Simulator.start(sdk, "apps/rgb-server", [`port=${port}`, "clients=2"]);
    await simulator.waitForLine(/^http:/);
  }, LONG_MS);

  afterAll(() => simulator.stop());

  test("serves the page, and 404 for what it does not have", async () => {
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toContain("</html>");
    expect((await fetch(`http://127.0.0.1:${port}/none`)).status).toBe(404);
  });

  test("is green when it serves", async () => {
    await eventually(async () => (await simulator.screenshot()).count(0, 252, 0) >= LED_PIXELS, "the screen is green");
  });

  test("shows its address on the screen, as a QR code too", async () => {
    const [url = ""] = simulator.lines.filter((line) => line.startsWith("http:"));
    expect(decodeQrCode(await simulator.screenshot())).toBe(url);
  });

  test.each(["breathing", "rainbow"])("plays %s on the screen until the next colour, and tells so", async (effect) => {
    const client = await openClient(port);
    client.socket.send(effect);
    await eventually(() => stateOf(client)?.effect === effect, "the effect is told");
    const isLed = async (red: number, green: number): Promise<boolean> =>
      (await simulator.screenshot()).count(red, green, 0) >= LED_PIXELS;
    await eventually(async () => !(await isLed(0, 252)), "the screen is green no more");
    // Who comes later is told how far it is.
    const late = await openClient(port);
    await eventually(() => stateOf(late)?.effect === effect, "the effect is told to who comes later");
    expect(stateOf(late)?.seconds).toBeGreaterThan(0);
    late.socket.close();
    client.socket.send("nonsense");
    await simulator.waitForLine(/Ignored a message of 8 bytes/);
    client.socket.send(Buffer.from([0, 255, 0]));
    await eventually(() => stateOf(client)?.effect === "steady", "the end is told");
    await eventually(() => isLed(0, 252), "the screen is green again");
    client.socket.close();
    await once(client.socket, "close");
  });

  test("tells a client the colour and the number of clients, and all of them each new colour", async () => {
    const first = await openClient(port);
    await eventually(() => first.received.length >= 2, "the first client is told");
    expect(first.received).toEqual(["00ff00", '{"clients":1,"effect":"steady","seconds":0}']);
    const second = await openClient(port);
    await eventually(
      () => first.received.includes('{"clients":2,"effect":"steady","seconds":0}'),
      "the first client is told of the second",
    );

    second.socket.send(Buffer.from([0, 0, 248]));
    await eventually(() => first.received.includes("0000f8"), "the first client is told the colour");
    await eventually(() => second.received.includes("0000f8"), "the second client is told the colour");
    await eventually(async () => (await simulator.screenshot()).count(0, 0, 248) >= LED_PIXELS, "the screen is blue");

    // A page that comes too late is told so.
    const late = new WebSocket(`ws://127.0.0.1:${port}/`);
    const [code, reason] = (await once(late, "close")) as [number, Buffer];
    expect({ code, reason: reason.toString() }).toEqual({
      code: 1013,
      reason: "The server has its 2 clients (maxClients).",
    });

    // Neither a text nor another length is a colour.
    second.socket.send("red");
    second.socket.send(Buffer.from([1, 2]));
    await simulator.waitForLine(/Ignored a message of 2 bytes/);
    second.socket.close();
    await eventually(
      () => first.received.at(-1) === '{"clients":1,"effect":"steady","seconds":0}',
      "the first client is told that it is alone",
    );
    first.socket.close();
    await once(first.socket, "close");
  });
});
