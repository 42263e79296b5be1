/** Bytes to frames (RFC 6455, 5.2). Holds at most the 14 bytes of a header that has not come whole. */

import { xorMask } from "#platform";
import {
  CONTROL_BIT,
  DEFLATED_OPCODE_BITS,
  FIN_BIT,
  LENGTH_16,
  MASK_BIT,
  MASK_BYTES,
  MAX_HEADER_BYTES,
  OPCODE_BITS,
  Opcode,
  RESERVED_BITS,
  Role,
  WebSocketCloseStatus,
} from "../common/constants.js";
import { ProtocolError } from "../common/errors.js";
import type { AgreedSettings } from "../common/options.js";

/** What a reader tells: a frame that came whole, or the parts of one that comes in pieces. */
export interface FrameListener {
  /** `deflater`: where messages may be compressed. */
  readonly settings?: AgreedSettings;
  /**
   * A frame came whole; its payload is `chunk` from `start` to `end`. That of a client's frame is still masked, by the four
   * bytes before.
   */
  frameReceived(opcode: Opcode, isFinal: boolean, chunk: Uint8Array, start: number, end: number): void;
  /** The header of a frame came that obeys the rules of its role; `payloadReceived` follows. */
  frameStarted(opcode: Opcode, isFinal: boolean, length: number): void;
  /** The next bytes of the payload, unmasked; `isEnd` with the last ones, which may be none. */
  payloadReceived(bytes: Uint8Array, isEnd: boolean): void;
  /** The peer broke a rule. The reader stops, unless it is made to discard. */
  frameRefused(error: ProtocolError): void;
}

/** A frame that comes in pieces: its header at first, then its payload. */
class PartialFrame {
  /** Payload bytes that are still to come; 0 until the header is whole. */
  remaining = 0;
  /** How many bytes of the header have come; then, which byte of the mask the next one of the payload meets. */
  count = 0;
  /** The header, as far as it has come; then the mask, twice: a piece may begin at any of its bytes. */
  readonly bytes = new Uint8Array(MAX_HEADER_BYTES);
}

/** Reads the frames of one connection. */
export class FrameReader {
  /** Why nothing is read; undefined while it is. */
  private halt: "paused" | "stopped" | undefined = undefined;
  private partial: PartialFrame | undefined = undefined;
  private listener: FrameListener;
  /** The mask bit that every frame of the peer has to have; DISCARDING where it may have any. */
  private maskBit: number;

  /** @param role the side of the reader: a server wants masked frames, a client unmasked ones */
  constructor(role: Role, listener: FrameListener) {
    this.maskBit = role === Role.Server ? MASK_BIT : 0;
    this.listener = listener;
  }

  /** Whether it was paused, and not stopped. */
  get isPaused(): boolean {
    return this.halt === "paused";
  }

  /**
   * Reads bytes as they come from the network, in pieces of any size; the payload of pieces is unmasked in place.
   *
   * @returns how many were read: not all where the reader was paused or stopped meanwhile
   */
  read(chunk: Uint8Array): number {
    const end = chunk.length;
    let offset = 0;
    while (offset < end && this.halt === undefined) {
      const { partial } = this;
      if (partial === undefined && end - offset > 1) offset = this.readFrame(chunk, offset, end);
      else if (partial === undefined || partial.remaining === 0) offset = this.holdHeader(chunk, offset, end);
      else offset = this.readPayload(partial, chunk, offset, end);
    }
    return offset;
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.halt ??= "paused";
  }

  /** Reads again. */
  resume(): void {
    if (this.isPaused) this.halt = undefined;
  }

  /** Reads on after a failure, by the headers alone, whatever rules they break. @param listener is told instead */
  discard(listener: FrameListener): void {
    if (this.halt === "stopped") return;
    this.halt = undefined;
    this.maskBit = DISCARDING;
    this.listener = listener;
  }

  /** Reads no more: what still comes is ignored. */
  stop(): void {
    this.halt = "stopped";
    this.partial = undefined;
  }

  /** Reads a frame, or as much of it as has come. */
  private readFrame(chunk: Uint8Array, offset: number, end: number): number {
    const first = chunk[offset] as number;
    const second = chunk[offset + 1] as number;
    const maskBit = second & MASK_BIT;
    const isUsual = (first === FINAL_TEXT || first === FINAL_BINARY) && maskBit === this.maskBit;
    if (!isUsual && this.refuses(first, second)) return end;
    const lengthCode = second & ~MASK_BIT;
    const start = offset + (lengthCode < LENGTH_16 ? 2 : lengthCode === LENGTH_16 ? 4 : 10) + (maskBit >> MASK_SHIFT);
    if (start > end) return this.holdHeader(chunk, offset, end);
    const length = lengthCode < LENGTH_16 ? lengthCode : this.extendedLength(chunk, offset + 2, lengthCode);
    if (length < 0) return end;
    const payloadEnd = start + length;
    if (payloadEnd > end) return this.startFrame(chunk, offset, start, length);
    const opcode = (first & DEFLATED_OPCODE_BITS) as Opcode;
    this.listener.frameReceived(opcode, (first & FIN_BIT) !== 0, chunk, start, payloadEnd);
    return payloadEnd;
  }

  /** Begins a frame whose payload has not come whole. @returns where its payload begins */
  private startFrame(bytes: Uint8Array, offset: number, start: number, length: number): number {
    const first = bytes[offset] as number;
    const partial = new PartialFrame();
    partial.remaining = length;
    if (((bytes[offset + 1] as number) & MASK_BIT) !== 0) {
      const mask = bytes.subarray(start - MASK_BYTES, start);
      partial.bytes.set(mask);
      partial.bytes.set(mask, MASK_BYTES);
    }
    this.partial = partial;
    this.listener.frameStarted((first & DEFLATED_OPCODE_BITS) as Opcode, (first & FIN_BIT) !== 0, length);
    return start;
  }

  /** Collects a header that comes in pieces; a rule that its first bytes break is found as they come. */
  private holdHeader(chunk: Uint8Array, offset: number, end: number): number {
    const partial = (this.partial ??= new PartialFrame());
    const { bytes } = partial;
    for (let at = offset; at < end; at++) {
      bytes[partial.count++] = chunk[at] as number;
      const first = bytes[0] as number;
      const second = bytes[1] as number;
      if (partial.count === 1 ? this.refusesFirst(first) : this.refuses(first, second)) return end;
      const lengthCode = second & ~MASK_BIT;
      const size = headerSize(lengthCode, second & MASK_BIT);
      if (partial.count < 2 || partial.count < size) continue;
      this.partial = undefined;
      const length = lengthCode < LENGTH_16 ? lengthCode : this.extendedLength(bytes, 2, lengthCode);
      if (length === 0)
        this.listener.frameReceived(
          (first & DEFLATED_OPCODE_BITS) as Opcode,
          (first & FIN_BIT) !== 0,
          bytes,
          size,
          size,
        );
      else if (length > 0) this.startFrame(bytes, 0, size, length);
      return at + 1;
    }
    return end;
  }

  private readPayload(partial: PartialFrame, chunk: Uint8Array, offset: number, end: number): number {
    const count = Math.min(partial.remaining, end - offset);
    const bytes = count === chunk.length ? chunk : chunk.subarray(offset, offset + count);
    partial.remaining -= count;
    if (this.maskBit !== 0) {
      xorMask(bytes, 0, count, partial.bytes, partial.count);
      partial.count = (partial.count + count) % MASK_BYTES;
    }
    const isEnd = partial.remaining === 0;
    if (isEnd) this.partial = undefined;
    this.listener.payloadReceived(bytes, isEnd);
    return offset + count;
  }

  /** Checks the two fixed bytes of a header. */
  private refuses(first: number, second: number): boolean {
    return this.refusesFirst(first) || this.refusesFor(this.secondByteProblem(first, second));
  }

  private refusesFirst(first: number): boolean {
    const deflater = this.listener.settings?.deflater;
    return this.refusesFor(firstByteProblem(deflater === undefined ? first : deflater.withoutRsv1(first)));
  }

  private refusesFor(problem: string | undefined): boolean {
    return problem !== undefined && this.refuse(WebSocketCloseStatus.ProtocolError, problem);
  }

  private secondByteProblem(first: number, second: number): string | undefined {
    // RFC 6455, 5.1: "a client MUST mask all frames", "A server MUST NOT mask any frames".
    if ((second & MASK_BIT) !== this.maskBit)
      return this.maskBit !== 0 ? "The client sent a frame without a mask." : "The server sent a masked frame.";
    // RFC 6455, 5.5: "All control frames MUST have a payload length of 125 bytes or less".
    if ((first & CONTROL_BIT) !== 0 && (second & ~MASK_BIT) >= LENGTH_16)
      return "A control frame has more than 125 bytes of payload.";
    return undefined;
  }

  /** @returns the length, or -1 where it was refused */
  private extendedLength(bytes: Uint8Array, offset: number, lengthCode: number): number {
    let length: number;
    if (lengthCode === LENGTH_16) {
      length = (bytes[offset] as number) * 256 + (bytes[offset + 1] as number);
      if (length >= LENGTH_16) return length;
    } else {
      const high = uint32At(bytes, offset);
      length = high * 0x1_0000_0000 + uint32At(bytes, offset + 4);
      if (length > 0xffff) return this.checkedLength(high, length);
    }
    // RFC 6455, 5.2: "the minimal number of bytes MUST be used to encode the length".
    const message = "A payload length is not encoded in the fewest bytes.";
    return this.refuse(WebSocketCloseStatus.ProtocolError, message) ? -1 : length;
  }

  private checkedLength(high: number, length: number): number {
    if (Number.isSafeInteger(length)) return length;
    // RFC 6455, 5.2: of a 64-bit length "the most significant bit MUST be 0".
    if (high > 0x7fff_ffff) this.refuse(WebSocketCloseStatus.ProtocolError, "A payload length has its top bit set.");
    else this.refuse(WebSocketCloseStatus.MessageTooBig, "A frame announces more than 2^53 - 1 bytes.");
    // What follows such a frame never comes.
    this.stop();
    return -1;
  }

  /** @returns whether the frame is refused; false where it is discarded */
  private refuse(status: WebSocketCloseStatus, message: string): boolean {
    if (this.maskBit === DISCARDING) return false;
    const { listener } = this;
    listener.frameRefused(new ProtocolError(status, message));
    const isRefused = this.listener === listener;
    if (isRefused) this.stop();
    return isRefused;
  }
}

/** What no mask bit is: breaches of rules are of no interest. */
const DISCARDING = -1;
const FINAL_TEXT = FIN_BIT | Opcode.Text;
const FINAL_BINARY = FIN_BIT | Opcode.Binary;

/** What makes the four bytes of a mask of the mask bit, 0x80. */
const MASK_SHIFT = 5;

/** Bytes of a header with this length code (RFC 6455, 5.2). */
function headerSize(lengthCode: number, maskBit: number): number {
  return (lengthCode < LENGTH_16 ? 2 : lengthCode === LENGTH_16 ? 4 : 10) + (maskBit >> MASK_SHIFT);
}

function firstByteProblem(first: number): string | undefined {
  // RFC 6455, 5.2: RSV bits "MUST be 0 unless an extension is negotiated"; none is.
  if ((first & RESERVED_BITS) !== 0) return "A frame has a reserved bit set.";
  const opcode = first & OPCODE_BITS;
  // RFC 6455, 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
  if (opcode > Opcode.Pong || (opcode > Opcode.Binary && opcode < Opcode.Close))
    return `A frame has the reserved opcode ${opcode}.`;
  // RFC 6455, 5.5: "All control frames […] MUST NOT be fragmented."
  if ((opcode & CONTROL_BIT) !== 0 && (first & FIN_BIT) === 0) return "A control frame is fragmented.";
  return undefined;
}

function uint32At(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] as number) * 0x100_0000 +
    (((bytes[offset + 1] as number) << 16) | ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number))
  );
}
