/** Bytes to frames (RFC 6455, 5.2). Holds at most the 14 bytes of a header that has not come whole. */

import { xorMask } from "#platform";
import {
  CONTROL_BIT,
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
} from "./constants.js";
import { ProtocolError } from "./errors.js";

/** What a reader tells: a frame that came whole, or the parts of one that comes in pieces. */
export interface FrameSink {
  /** A frame came whole; its payload, unmasked, is `chunk` from `start` to `end`. */
  frameReceived(opcode: Opcode, isFinal: boolean, chunk: Uint8Array, start: number, end: number): void;
  /** The header of a frame came that obeys the rules of its role; `payloadReceived` follows. */
  frameStarted(opcode: Opcode, isFinal: boolean, length: number): void;
  /** The next bytes of the payload, unmasked; `isEnd` with the last ones, which may be none. */
  payloadReceived(bytes: Uint8Array, isEnd: boolean): void;
  /** The peer broke a rule. The reader has stopped. */
  frameRefused(error: ProtocolError): void;
}

/** Reads the frames of one connection. */
export class FrameReader {
  /** Payload bytes of the present frame that are still to come. */
  private remaining = 0;
  private isStopped = false;
  private readonly sink: FrameSink;
  /** The mask bit that every frame of the peer has to have. */
  private readonly maskBit: number;
  /** The mask of a frame that comes in pieces, twice: a piece may begin at any of its bytes. */
  private mask: Uint8Array | undefined = undefined;
  private maskStart = 0;
  private held: Uint8Array | undefined = undefined;
  private heldCount = 0;

  /** @param role the side of the reader: a server wants masked frames, a client unmasked ones */
  constructor(role: Role, sink: FrameSink) {
    this.maskBit = role === Role.Server ? MASK_BIT : 0;
    this.sink = sink;
  }

  /** Reads bytes as they come from the network, in pieces of any size; their payload is unmasked in place. */
  read(chunk: Uint8Array): void {
    const end = chunk.length;
    let offset = 0;
    while (offset < end && !this.isStopped) {
      if (this.remaining !== 0) offset = this.readPayload(chunk, offset, end);
      else if (this.held !== undefined || end - offset < 2) offset = this.holdHeader(chunk, offset, end);
      else offset = this.readFrame(chunk, offset, end);
    }
  }

  /** Reads no more: what still comes is ignored. */
  stop(): void {
    this.isStopped = true;
    this.held = undefined;
  }

  /** Reads a frame, or as much of it as has come. */
  private readFrame(chunk: Uint8Array, offset: number, end: number): number {
    const first = chunk[offset] as number;
    const second = chunk[offset + 1] as number;
    // A whole text or binary message, masked as it should be, is most of what comes.
    const isUsual = (first === FINAL_TEXT || first === FINAL_BINARY) && (second & MASK_BIT) === this.maskBit;
    if (!isUsual && this.refuses(first, second)) return end;
    const lengthCode = second & ~MASK_BIT;
    const start = offset + headerSize(lengthCode, this.maskBit);
    if (start > end) return this.holdHeader(chunk, offset, end);
    const length = lengthCode < LENGTH_16 ? lengthCode : this.extendedLength(chunk, offset + 2, lengthCode);
    if (length < 0) return end;
    if (start + length > end) return this.startFrame(chunk, offset, start, length);
    const payloadEnd = start + length;
    if (this.maskBit !== 0) xorMask(chunk, start, payloadEnd, chunk, start - MASK_BYTES);
    this.sink.frameReceived((first & OPCODE_BITS) as Opcode, (first & FIN_BIT) !== 0, chunk, start, payloadEnd);
    return payloadEnd;
  }

  /** Begins a frame whose payload has not come whole. @returns where its payload begins */
  private startFrame(bytes: Uint8Array, offset: number, start: number, length: number): number {
    const first = bytes[offset] as number;
    if (this.maskBit !== 0) this.keepMask(bytes.subarray(start - MASK_BYTES, start));
    this.remaining = length;
    this.sink.frameStarted((first & OPCODE_BITS) as Opcode, (first & FIN_BIT) !== 0, length);
    return start;
  }

  /** Collects a header that comes in pieces; a rule that its first bytes break is found as they come. */
  private holdHeader(chunk: Uint8Array, offset: number, end: number): number {
    const held = (this.held ??= new Uint8Array(MAX_HEADER_BYTES));
    for (let at = offset; at < end; at++) {
      held[this.heldCount++] = chunk[at] as number;
      const first = held[0] as number;
      const second = held[1] as number;
      if (this.heldCount === 1 ? this.refusesFirst(first) : this.refuses(first, second)) return end;
      const lengthCode = second & ~MASK_BIT;
      const size = headerSize(lengthCode, this.maskBit);
      if (this.heldCount < 2 || this.heldCount < size) continue;
      this.held = undefined;
      this.heldCount = 0;
      const length = lengthCode < LENGTH_16 ? lengthCode : this.extendedLength(held, 2, lengthCode);
      if (length === 0) this.sink.frameReceived((first & OPCODE_BITS) as Opcode, (first & FIN_BIT) !== 0, held, 0, 0);
      else if (length > 0) this.startFrame(held, 0, size, length);
      return at + 1;
    }
    return end;
  }

  private keepMask(mask: Uint8Array): void {
    this.mask ??= new Uint8Array(2 * MASK_BYTES);
    this.mask.set(mask);
    this.mask.set(mask, MASK_BYTES);
    this.maskStart = 0;
  }

  private readPayload(chunk: Uint8Array, offset: number, end: number): number {
    const count = Math.min(this.remaining, end - offset);
    const bytes = count === chunk.length ? chunk : chunk.subarray(offset, offset + count);
    this.remaining -= count;
    if (this.mask !== undefined) {
      xorMask(bytes, 0, count, this.mask, this.maskStart);
      this.maskStart = (this.maskStart + count) % MASK_BYTES;
    }
    this.sink.payloadReceived(bytes, this.remaining === 0);
    return offset + count;
  }

  /** Checks the two fixed bytes of a header. */
  private refuses(first: number, second: number): boolean {
    return this.refusesFirst(first) || this.refusesFor(this.secondByteProblem(first, second));
  }

  private refusesFirst(first: number): boolean {
    return this.refusesFor(firstByteProblem(first));
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
    if (lengthCode === LENGTH_16) {
      const length = (bytes[offset] as number) * 256 + (bytes[offset + 1] as number);
      if (length >= LENGTH_16) return length;
    } else {
      const high = uint32At(bytes, offset);
      const length = high * 0x1_0000_0000 + uint32At(bytes, offset + 4);
      if (length > 0xffff) return this.checkedLength(high, length);
    }
    // RFC 6455, 5.2: "the minimal number of bytes MUST be used to encode the length".
    this.refuse(WebSocketCloseStatus.ProtocolError, "A payload length is not encoded in the fewest bytes.");
    return -1;
  }

  private checkedLength(high: number, length: number): number {
    if (Number.isSafeInteger(length)) return length;
    // RFC 6455, 5.2: of a 64-bit length "the most significant bit MUST be 0".
    if (high > 0x7fff_ffff) this.refuse(WebSocketCloseStatus.ProtocolError, "A payload length has its top bit set.");
    else this.refuse(WebSocketCloseStatus.MessageTooBig, "A frame announces more than 2^53 - 1 bytes.");
    return -1;
  }

  private refuse(status: WebSocketCloseStatus, message: string): true {
    this.stop();
    this.sink.frameRefused(new ProtocolError(status, message));
    return true;
  }
}

const FINAL_TEXT = FIN_BIT | Opcode.Text;
const FINAL_BINARY = FIN_BIT | Opcode.Binary;

/** Bytes of a header with this length code (RFC 6455, 5.2). */
function headerSize(lengthCode: number, maskBit: number): number {
  const size = lengthCode < LENGTH_16 ? 2 : lengthCode === LENGTH_16 ? 4 : 10;
  return maskBit === 0 ? size : size + MASK_BYTES;
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
