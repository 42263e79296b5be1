import { Opcode, Role } from "../../modules/common/constants.js";
import { encodeFrame, encodeMessage } from "../../modules/protocol/framewriter.js";
import { asciiOf, hexOf, joined, pattern, wireFrames, type WireFrame } from "../support/vectors.js";

const ROLES = [
  ["server", Role.Server],
  ["client", Role.Client],
] as const;

function only(bytes: Uint8Array): WireFrame {
  const [sent, ...others] = wireFrames(bytes);
  expect(others).toEqual([]);
  if (sent === undefined) throw new Error("There is no frame.");
  return sent;
}

describe("one frame", () => {
  test("the example of RFC 6455, 5.7: a Text of a server", () => {
    expect(hexOf(encodeFrame(Role.Server, Opcode.Text, true, asciiOf("Hello")))).toBe("810548656c6c6f");
  });

  test.each(ROLES)("a %s leaves the caller's buffer as it is, and keeps none of it", (_name, role) => {
    const buffer = pattern(200);
    const payload = buffer.subarray(3, 130);
    const encoded = encodeFrame(role, Opcode.Binary, true, payload);
    expect(hexOf(buffer)).toBe(hexOf(pattern(200)));
    buffer.fill(0xff);
    expect(hexOf(only(encoded).payload)).toBe(hexOf(pattern(200).subarray(3, 130)));
  });

  test("only a client masks", () => {
    expect(only(encodeFrame(Role.Client, Opcode.Text, true, asciiOf("a"))).mask).toHaveLength(4);
    expect(only(encodeFrame(Role.Server, Opcode.Text, true, asciiOf("a"))).mask).toHaveLength(0);
  });

  test("a client's empty frame has a mask too (RFC 6455, 5.3)", () => {
    const encoded = encodeFrame(Role.Client, Opcode.Ping, true, pattern(0));
    expect(encoded).toHaveLength(6);
    expect(encoded[1]).toBe(0x80);
  });
});

describe("masks", () => {
  const masks = Array.from(
    { length: 4_000 },
    () => only(encodeFrame(Role.Client, Opcode.Text, true, asciiOf("a"))).mask,
  );

  test("each frame has another one", () => {
    // Among 4,000 of 2^32 two are the same with a probability of 0.002; four such pairs do not happen.
    expect(new Set(masks.map(hexOf)).size).toBeGreaterThan(3_996);
  });

  test.each([0, 1, 2, 3])("byte %d takes all values, none of them often", (at) => {
    const counts = new Array<number>(256).fill(0);
    for (const mask of masks) counts[mask[at] ?? 0] = (counts[mask[at] ?? 0] ?? 0) + 1;
    // 15.6 each; chi-squared with 255 degrees of freedom has a deviation of 22.6.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 15.625) ** 2 / 15.625, 0);
    expect(chiSquared).toBeGreaterThan(255 - 6 * 22.6);
    expect(chiSquared).toBeLessThan(255 + 6 * 22.6);
  });

  test("each fragment of a message has its own", () => {
    const fragments = encodeMessage(Role.Client, Opcode.Binary, pattern(50), 10).map(only);
    expect(new Set(fragments.map((sent) => hexOf(sent.mask))).size).toBe(5);
  });
});

describe("fragments", () => {
  const cases: readonly (readonly [length: number, size: number, lengths: readonly number[]])[] = [
    [0, 10, [0]],
    [10, 10, [10]],
    [11, 10, [10, 1]],
    [20, 10, [10, 10]],
    [21, 10, [10, 10, 1]],
    [5, 1, [1, 1, 1, 1, 1]],
    [500, 0, [500]],
    [500, 500, [500]],
    [500, 126, [126, 126, 126, 122]],
  ];

  describe.each(ROLES)("of a %s", (_name, role) => {
    test.each(cases)(
      "%d bytes in pieces of %d have the right opcodes and FIN (RFC 6455, 5.4)",
      (length, size, lengths) => {
        const fragments = encodeMessage(role, Opcode.Text, pattern(length), size).map(only);
        const last = lengths.length - 1;
        expect(fragments.map((sent) => sent.first)).toEqual(
          lengths.map((_, at) => (at === last ? 0x80 : 0) | (at === 0 ? Opcode.Text : Opcode.Continuation)),
        );
        expect(fragments.map((sent) => sent.payload.length)).toEqual(lengths);
        expect(hexOf(joined(fragments.map((sent) => sent.payload)))).toBe(hexOf(pattern(length)));
      },
    );
  });
});
