/** Tests by name. A test fails by throwing or by a rejected promise. */
export type Tests = Readonly<Record<string, () => void | Promise<void>>>;

/** Throws unless `condition` holds. For tests that run on XS too, where Jest is not. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless both are the same value. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${String(actual)}, expected ${String(expected)}`);
}

/** Throws unless `action` throws a TypeError. */
export function assertThrowsTypeError(action: () => unknown, what: string): void {
  try {
    action();
  } catch (error) {
    // By name: an error of Node's own is of another realm than the tests that Jest runs.
    if ((error as { name?: unknown }).name === "TypeError") return;
    throw new Error(`${what}: threw ${String(error)}, expected a TypeError`, { cause: error });
  }
  throw new Error(`${what}: threw nothing, expected a TypeError`);
}

/** The `code` of an error, undefined where there is none. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** The `message` of an error, for messages. */
export function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}

/** Bytes that tell their place: a repeated, lost or exchanged piece shows. */
export function pattern(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + (index >> 8) + seed) & 0xff;
  return bytes;
}

/** @throws where other bytes have come than were expected */
export function assertBytes(actual: Uint8Array, expected: Uint8Array): void {
  assertEqual(actual.byteLength, expected.byteLength, "number of bytes");
  for (let index = 0; index < expected.byteLength; index += 1) {
    if (actual[index] !== expected[index]) throw new Error(`byte ${index.toString()} differs`);
  }
}
