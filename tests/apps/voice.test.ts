/** The voice sample: its jitter buffer, and a talk with its server, on Node.js and on XS. */

import { JitterBuffer } from "../../apps/voice-client/jitterbuffer.js";
import { Latencies } from "../../apps/voice-client/latencies.js";
import { VoiceServer } from "../../apps/voice-client/voiceserver.js";
import { startApp } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();
const FRAME = 4;

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

describe("JitterBuffer", () => {
  test("plays when enough is there, in frames, however the audio was cut", () => {
    const buffer = new JitterBuffer(2 * FRAME);
    buffer.push(bytes(1, 2, 3, 4, 5));
    expect(buffer.take(FRAME)).toBeUndefined();
    buffer.push(bytes(6));
    buffer.push(bytes(7, 8, 9, 10, 11, 12, 13));
    expect(buffer.take(FRAME)).toEqual(bytes(1, 2, 3, 4));
    expect(buffer.take(FRAME)).toEqual(bytes(5, 6, 7, 8));
    expect(buffer.take(FRAME)).toEqual(bytes(9, 10, 11, 12));
    expect([buffer.byteLength, buffer.mostBytes, buffer.underruns]).toEqual([1, 13, 0]);
  });

  test("that runs dry counts one underrun, and waits until enough is there again", () => {
    const buffer = new JitterBuffer(2 * FRAME);
    buffer.push(new Uint8Array(2 * FRAME));
    const taken = [0, 1, 2, 3].map(() => buffer.take(FRAME) !== undefined);
    buffer.push(new Uint8Array(FRAME));
    taken.push(buffer.take(FRAME) !== undefined);
    buffer.push(new Uint8Array(FRAME));
    taken.push(buffer.take(FRAME) !== undefined);
    expect(taken).toEqual([true, true, false, false, false, true]);
    expect(buffer.underruns).toBe(1);
  });

  test("plays to the end what is less than a frame, which is no underrun", () => {
    const buffer = new JitterBuffer(3 * FRAME);
    buffer.push(bytes(1, 2, 3, 4, 5));
    buffer.end();
    expect(buffer.take(FRAME)).toEqual(bytes(1, 2, 3, 4));
    expect(buffer.take(FRAME)).toEqual(bytes(5, 0, 0, 0));
    expect(buffer.take(FRAME)).toBeUndefined();
    expect([buffer.byteLength, buffer.underruns]).toEqual([0, 0]);
  });
});

test("Latencies tells the middle, the 95th of 100 and the most", () => {
  const latencies = new Latencies();
  for (let ms = 100; ms >= 1; ms--) latencies.add(ms);
  expect(latencies.describe()).toBe("p50 50 ms, p95 95 ms, max 100 ms");
  expect(new Latencies().describe()).toBe("p50 0 ms, p95 0 ms, max 0 ms");
});

/**
 * What the client says of a talk of 100 frames: what was sent came back and was played, and the answer had to wait. On a slow
 * machine the simulator reads no faster than it plays.
 */
function check(lines: readonly string[], waits = "paused [1-9]\\d* times, at most 5\\d"): void {
  const talk = lines.find((line) => line.startsWith("Talk: ")) ?? "";
  const [, unsent, back] =
    /^Talk: 100 frames sent, (\d+) not; (\d+) came back: p50 \d+ ms, p95 \d+ ms, max \d+ ms\.$/.exec(talk) ?? [];
  expect(Number(unsent) + Number(back)).toBe(100);
  // On a machine that has much else to do frames are dropped, and come late.
  expect(Number(back)).toBeGreaterThan(0);
  expect(lines).toContainEqual(expect.stringMatching(`^Played ${back} frames, \\d+ underruns\\.$`));
  expect(lines).toContainEqual(
    expect.stringMatching(`^Answer: played ${back} frames, \\d+ underruns; ${waits} frames waited\\.$`),
  );
}

describe("the voice sample with its server", () => {
  let server: VoiceServer;
  beforeEach(async () => {
    server = new VoiceServer(0, "secret");
    await server.server.start();
  });
  afterEach(() => server.server.abort());

  function settings(audio: string, key = "secret"): string[] {
    return [`url=ws://127.0.0.1:${server.server.port}/v1/realtime`, `audio=${audio}`, "seconds=2", `key=${key}`];
  }

  test.each(["json", "binary"])("on Node.js: talks and listens (%s), and makes a fast answer wait", async (audio) => {
    const app = startApp("voice-client", {}, settings(audio));
    expect(await app.exited).toEqual({ code: 0, signal: null });
    expect(app.output.stderr).toBe("");
    check(app.output.stdout.split("\n"));
  });

  test("on Node.js: says why the service refuses", async () => {
    const app = startApp("voice-client", {}, settings("json", "wrong"));
    expect(await app.exited).toEqual({ code: 1, signal: null });
    expect(app.output.stderr).toBe("The server answered 401 Unauthorized instead of 101.\n");
  });

  describeIf(sdk !== undefined, tlsSimulatorNeeds, "in the simulator", () => {
    test.each(["json", "binary"])(
      "talks and listens (%s), and makes a fast answer wait",
      async (audio) => {
        if (sdk === undefined) return;
        // The simulator's sockets take 75 KB a second.
        const simulator = await Simulator.start(sdk, "apps/voice-client", [...settings(audio), "rate=8000"]);
        try {
          await simulator.waitForLine(/^Answer: /);
          check(simulator.lines, "paused (?:[1-9]\\d* times, at most 5|0 times, at most [1-4]?)\\d");
        } finally {
          await simulator.stop();
        }
      },
      LONG_MS,
    );
  });
});
