import { BytesAssembly, TextAssembly } from "../../modules/protocol/assembly.js";
import { asciiOf, bytesOf, hexOf, pattern } from "../support/vectors.js";

test("a text of many small pieces is whole", () => {
  const assembly = new TextAssembly();
  const text = "κόσμε and letters 😀 ".repeat(1_000);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 7) assembly.append(bytes.subarray(at, at + 7), false);
  assembly.append(pattern(0), true);
  expect(assembly.take()).toBe(text);
});

test.each([
  ["no piece but an empty one", [""], ""],
  ["one piece", ["abc"], "abc"],
  ["a piece that is joined by itself", ["a".repeat(2_048)], "a".repeat(2_048)],
  ["pieces around the joining length", ["a".repeat(2_047), "b", "c"], `${"a".repeat(2_047)}bc`],
])("a text of %s", (_name, pieces, text) => {
  const assembly = new TextAssembly();
  pieces.forEach((piece, at) => {
    assembly.append(asciiOf(piece), at === pieces.length - 1);
  });
  expect(assembly.take()).toBe(text);
});

/** What may stand behind bytes that end within a character. */
const ENDS = ["", ...["80", "90", "a0"].flatMap((second) => [second, `${second}80`, `${second}8080`])];

/** On both sides of each limit that a second byte has. */
const SECOND_BYTES = ["00", "7f", "80", "8f", "90", "9f", "a0", "bf", "c0", "c1", "c2", "df", "e0", "f4", "f5", "ff"];

function canBecomeText(hex: string): boolean {
  return ENDS.some((end) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(hex + end));
      return true;
    } catch {
      return false;
    }
  });
}

test.each(["61", "80", "bf", "c1", "c2", "df", "e0", "e1", "ed", "ef", "f0", "f1", "f4", "f5", "ff"])(
  "a piece that ends with %s and another byte is refused as it comes if no text can become of it",
  (first) => {
    for (const second of SECOND_BYTES) {
      const hex = first + second;
      for (const pieces of [[hex], [`6162${hex}`], [hex.slice(0, 2), hex.slice(2)], ["e282ac", hex]]) {
        const assembly = new TextAssembly();
        const append = (): void => {
          for (const piece of pieces) assembly.append(bytesOf(piece), false);
        };
        if (canBecomeText(hex)) append();
        else expect(append).toThrow();
      }
    }
  },
);

test("a text that ends within a character is refused", () => {
  const assembly = new TextAssembly();
  assembly.append(bytesOf("61e282"), false);
  expect(() => {
    assembly.append(pattern(0), true);
  }).toThrow("not valid");
});

test.each([
  [0, [0]],
  [10, [10]],
  [10, [3, 3, 4]],
  [3, [3, 3, 3, 1]],
  [0, [1, 2, 4, 8, 100]],
  [1, [0, 1, 0, 1, 0]],
  [100, [10]],
])("of %d expected bytes come %j, in a buffer of just their size", (expected, lengths) => {
  const assembly = new BytesAssembly(expected);
  const whole = pattern(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const length of lengths) {
    assembly.append(whole.subarray(at, at + length));
    at += length;
  }
  const taken = assembly.take();
  expect(hexOf(taken)).toBe(hexOf(whole));
  expect(taken.buffer.byteLength).toBe(whole.length);
});

test("bytes are copied as they come", () => {
  const assembly = new BytesAssembly(2);
  const piece = bytesOf("0102");
  assembly.append(piece);
  piece.fill(0);
  expect(hexOf(assembly.take())).toBe("0102");
});
