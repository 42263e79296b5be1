/** Buffers that grow. */

/**
 * Makes room in a buffer.
 *
 * @param used how many of its bytes count
 * @param needed how many it has to hold; a limit was already applied to it
 * @param most the size that it is not to have merely because it doubles
 * @returns the buffer, or where it is too small a larger one, of twice the size where that is enough, with the same bytes
 */
export function withRoomFor(buffer: Uint8Array, used: number, needed: number, most = Infinity): Uint8Array {
  if (needed <= buffer.length) return buffer;
  const grown = new Uint8Array(Math.max(needed, Math.min(2 * buffer.length, most)));
  grown.set(buffer.subarray(0, used));
  return grown;
}
