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

/** What a reader tells. Each frame is one `frameStarted` and one or more `payloadReceived`. */
export interface FrameSink {
  /** A header came and obeys the rules of its role. */
  frameStarted(opcode: Opcode, isFinal: boolean, length: number): void;
  /** The next bytes of the payload, unmasked; `isEnd` with the last ones, which may be none. */
  payloadReceived(bytes: Uint8Array, isEnd: boolean): void;
  /** The peer broke a rule. The reader has stopped. */
  frameRefused(error: ProtocolError): void;
}

/** Reads the frames of one connection. */
export class FrameReader {
  private remaining = 0;
  private isMasked = false;
  private isStopped = false;
  private maskKey: Uint8Array | undefined;
  private held: Uint8Array | undefined;
  private heldCount = 0;
  private readonly sink: FrameSink;
  private readonly role: Role;

  /** @param role the side of the reader: a server wants masked frames, a client unmasked ones */
  constructor(role: Role, sink: FrameSink) {
    this.role = role;
    this.sink = sink;
  }

  /** Reads bytes as they come from the network, in pieces of any size; their payload is unmasked in place. */
  read(chunk: Uint8Array): void {
    const end = chunk.length;
    let offset = 0;
    while (offset < end && !this.isStopped) {
      if (this.remaining === 0) offset = this.readHeader(chunk, offset, end);
      else offset = this.readPayload(chunk, offset, end);
    }
  }

  /** Reads no more: what still comes is ignored. */
  stop(): void {
    this.isStopped = true;
    this.held = undefined;
  }

  private readHeader(chunk: Uint8Array, offset: number, end: number): number {
    if (this.held === undefined && end - offset >= 2) {
      const size = headerSize(chunk[offset + 1] as number);
      if (end - offset >= size) {
        this.startFrame(chunk, offset, size);
        return offset + size;
      }
    }
    return this.holdHeader(chunk, offset, end);
  }

  /** Collects a header that comes in pieces; a rule that its first bytes break is found as they come. */
  private holdHeader(chunk: Uint8Array, offset: number, end: number): number {
    const held = (this.held ??= new Uint8Array(MAX_HEADER_BYTES));
    let at = offset;
    while (at < end) {
      held[this.heldCount++] = chunk[at++] as number;
      if (this.refuses(held[0] as number, this.heldCount > 1 ? (held[1]) : undefined)) return end;
      const size = this.heldCount < 2 ? MAX_HEADER_BYTES : headerSize(held[1] as number);
      if (this.heldCount < size) continue;
      this.held = undefined;
      this.heldCount = 0;
      this.startFrame(held, 0, size);
      return at;
    }
    return end;
  }

  private startFrame(bytes: Uint8Array, offset: number, size: number): void {
    const first = bytes[offset] as number;
    const second = bytes[offset + 1] as number;
    if (this.refuses(first, second)) return;
    const lengthCode = second & ~MASK_BIT;
    const length = lengthCode < LENGTH_16 ? lengthCode : this.extendedLength(bytes, offset + 2, lengthCode);
    if (length < 0) return;
    this.isMasked = (second & MASK_BIT) !== 0;
    if (this.isMasked) this.keepMask(bytes, offset + size - MASK_BYTES);
    this.remaining = length;
    this.sink.frameStarted((first & OPCODE_BITS) as Opcode, (first & FIN_BIT) !== 0, length);
    if (length === 0 && !this.isStopped) this.sink.payloadReceived(NO_BYTES, true);
  }

  private keepMask(bytes: Uint8Array, offset: number): void {
    const mask = (this.maskKey ??= new Uint8Array(MASK_BYTES));
    mask[0] = bytes[offset] as number;
    mask[1] = bytes[offset + 1] as number;
    mask[2] = bytes[offset + 2] as number;
    mask[3] = bytes[offset + 3] as number;
  }

  private readPayload(chunk: Uint8Array, offset: number, end: number): number {
    const count = Math.min(this.remaining, end - offset);
    const bytes = count === chunk.length ? chunk : chunk.subarray(offset, offset + count);
    const mask = this.maskKey;
    this.remaining -= count;
    if (this.isMasked && mask !== undefined) {
      xorMask(bytes, mask);
      if (this.remaining !== 0) rotate(mask, count % MASK_BYTES);
    }
    this.sink.payloadReceived(bytes, this.remaining === 0);
    return offset + count;
  }

  /** Checks the two fixed bytes of a header, the second as soon as it is there. */
  private refuses(first: number, second: number | undefined): boolean {
    const problem =
      firstByteProblem(first) ?? (second === undefined ? undefined : this.secondByteProblem(first, second));
    if (problem === undefined) return false;
    return this.refuse(WebSocketCloseStatus.ProtocolError, problem);
  }

  private secondByteProblem(first: number, second: number): string | undefined {
    // RFC 6455, 5.1: "a client MUST mask all frames", "A server MUST NOT mask any frames".
    if (((second & MASK_BIT) !== 0) !== (this.role === Role.Server))
      return this.role === Role.Server ? "The client sent a frame without a mask." : "The server sent a masked frame.";
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

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);

function headerSize(second: number): number {
  const lengthCode = second & ~MASK_BIT;
  const size = lengthCode < LENGTH_16 ? 2 : lengthCode === LENGTH_16 ? 4 : 10;
  return (second & MASK_BIT) !== 0 ? size + MASK_BYTES : size;
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

/** Turns the mask so that it goes on at `count` bytes: the payload's next piece is masked from its own first byte. */
function rotate(mask: Uint8Array, count: number): void {
  for (let turn = count; turn > 0; turn--) {
    const first = mask[0] as number;
    mask.copyWithin(0, 1);
    mask[3] = first;
  }
}
