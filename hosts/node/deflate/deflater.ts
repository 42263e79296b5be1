/** Compressed messages of one connection, as the frame layer wants them (RFC 7692, 6). */

import type {
  DeflatedMessage,
  DeflateErrors,
  DeflateLimits,
  MessageDeflater,
  MessageInflater,
} from "../../deflatecontract.js";
import type { Codec } from "./codec.js";

/** RFC 7692, 6: the bit that marks the first frame of a compressed message. */
const RSV1_BIT = 0x40;
/** RFC 6455, 5.2: the opcodes with which a message begins. */
const TEXT = 0x1;
const BINARY = 0x2;
const OPCODE_BITS = 0x0f;

export class Deflater<Limits extends DeflateLimits> implements MessageDeflater<Limits> {
  readonly parameters: string;
  readonly limits: Limits;
  private readonly codec: Codec;
  private readonly maxMessageBytes: number;
  private readonly errors: DeflateErrors;

  constructor(parameters: string, codec: Codec, limits: Limits, errors: DeflateErrors) {
    const { maxMessageBytes } = limits;
    this.parameters = parameters;
    this.codec = codec;
    this.maxMessageBytes = maxMessageBytes;
    this.errors = errors;
    // What cannot get shorter by compression gets a little longer; each fragment may end with a flush, too.
    this.limits = { ...limits, maxMessageBytes: maxMessageBytes + Math.ceil(maxMessageBytes / 8) + 1_024 };
  }

  deflate(opcode: number, payload: Uint8Array | string): DeflatedMessage | undefined {
    const compressed = this.codec.deflate(payload);
    return compressed === undefined ? undefined : { ...compressed, opcode: opcode | RSV1_BIT };
  }

  withoutRsv1(first: number): number {
    const opcode = first & OPCODE_BITS;
    return opcode === TEXT || opcode === BINARY ? first & ~RSV1_BIT : first;
  }

  createInflater(): MessageInflater {
    // Of a list of pieces each would take a hundred bytes more, and the peer chooses how many there are.
    let buffer: Uint8Array = NO_BYTES;
    let count = 0;
    return {
      append: (bytes, isLast) => {
        if (isLast && count === 0) return this.inflate(bytes);
        buffer = withRoomFor(buffer, count, bytes.length);
        buffer.set(bytes, count);
        count += bytes.length;
        return isLast ? this.inflate(buffer.subarray(0, count)) : NO_BYTES;
      },
    };
  }

  stop(): void {
    this.codec.stop();
  }

  private inflate(payload: Uint8Array): Uint8Array {
    const { maxMessageBytes, errors } = this;
    const message = this.codec.inflate([payload], maxMessageBytes);
    if (message === "too big") {
      const text = `A compressed message has more than the ${maxMessageBytes} bytes that maxMessageBytes allows.`;
      throw new errors.ProtocolError(1_009, text);
    }
    if (message === "invalid") throw new errors.ProtocolError(1_007, "A compressed message is not what RFC 7692 says.");
    return message;
  }
}

/** At most doubles a buffer that is full. @param used how many of its bytes count @param added how many come */
function withRoomFor(buffer: Uint8Array, used: number, added: number): Uint8Array {
  if (used + added <= buffer.length) return buffer;
  const grown = Buffer.allocUnsafeSlow(Math.max(used + added, 2 * buffer.length));
  grown.set(buffer.subarray(0, used));
  return grown;
}

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);
