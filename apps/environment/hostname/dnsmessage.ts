/** Tells messages of DNS from what would harm their reader. */

import TextDecoder from "text/decoder";

const HEAD_BYTES = 12;
/** More than any question for a name comes with. */
const MAX_RECORDS = 64;
/** RFC 1035, 2.3.4. */
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;

const decoder = new TextDecoder("utf-8", { fatal: true });

const POINTER = 0xc0;
const [PTR, SRV] = [12, 33];

/**
 * Whether bytes from anybody are a message that can be read to its end. The SDK's reader trusts them: a name that points to
 * itself keeps it busy for ever, and with it the device.
 */
export function isDnsMessage(bytes: Uint8Array): boolean {
  const uint16 = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const [questions, records] = [uint16(4), uint16(6) + uint16(8) + uint16(10)];
  if (bytes.length < HEAD_BYTES || questions + records > MAX_RECORDS) return false;
  let at = HEAD_BYTES;
  for (let count = 0; count < questions; count++) {
    const end = endOfName(bytes, at);
    if (end === undefined) return false;
    at = end + 4;
  }
  for (let count = 0; count < records; count++) {
    const end = endOfName(bytes, at);
    if (end === undefined) return false;
    const [type, data] = [uint16(end), end + 10];
    if (type === PTR && endOfName(bytes, data) === undefined) return false;
    if (type === SRV && endOfName(bytes, data + 6) === undefined) return false;
    at = data + uint16(end + 8);
  }
  return at <= bytes.length;
}

/** Where the name that begins at `start` ends; undefined where it is none. */
function endOfName(bytes: Uint8Array, start: number): number | undefined {
  let end: number | undefined = undefined;
  let [part, at] = [start, start];
  for (let size = 0; size <= MAX_NAME_BYTES;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return end ?? at + 1;
    if (length <= MAX_LABEL_BYTES) {
      const label = bytes.subarray(at + 1, at + 1 + length);
      if (label.length < length || !isUtf8(label)) return undefined;
      size += 1 + length;
      at += 1 + length;
      continue;
    }
    // RFC 1035, 4.1.4: a pointer is to "a prior occurrence of the same name".
    const target = ((length & ~POINTER) << 8) | (bytes[at + 1] ?? 0);
    if (length < POINTER || target >= part) return undefined;
    end ??= at + 2;
    part = at = target;
  }
  return undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
