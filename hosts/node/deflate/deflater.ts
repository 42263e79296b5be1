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
    const parts: Uint8Array[] = [];
    return {
      append: (bytes, isLast) => {
        // A copy: the bytes are only lent.
        parts.push(new Uint8Array(bytes));
        return isLast ? this.inflate(parts) : NO_BYTES;
      },
    };
  }

  stop(): void {
    this.codec.stop();
  }

  private inflate(parts: readonly Uint8Array[]): Uint8Array {
    const { maxMessageBytes, errors } = this;
    const message = this.codec.inflate(parts, maxMessageBytes);
    if (message === "too big") {
      const text = `A compressed message has more than the ${maxMessageBytes} bytes that maxMessageBytes allows.`;
      throw new errors.ProtocolError(1_009, text);
    }
    if (message === "invalid") throw new errors.ProtocolError(1_007, "A compressed message is not what RFC 7692 says.");
    return message;
  }
}

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);
