/** Messages to frames (RFC 6455, 5.2 to 5.5): fragments, masks, and the order in which frames leave. */

import { maskFrame, withRoom } from "#platform";
import {
  FIN_BIT,
  LENGTH_16,
  LENGTH_64,
  MASK_BIT,
  MASK_BYTES,
  MAX_HEADER_BYTES,
  Opcode,
  Role,
} from "../common/constants.js";
import { OptionError } from "../common/errors.js";
import type { ConnectionSettings } from "../common/options.js";

/** Pongs and Pings that may wait; RFC 6455, 5.5.3 lets a newer Pong stand for those before it. */
const MAX_WAITING_CONTROLS = 16;

/**
 * Encodes one frame. The payload is copied, so the caller's buffer is neither kept nor changed.
 *
 * @param role the sender: a client's frame gets a fresh random mask (RFC 6455, 5.3)
 * @param payload bytes, or a text, which becomes UTF-8
 */
export function encodeFrame(role: Role, opcode: Opcode, isFinal: boolean, payload: Uint8Array | string): Uint8Array {
  const frame = placePayload(role, payload);
  finishFrame(role, isFinal ? FIN_BIT | opcode : opcode, frame, headerLength(role, frame));
  return frame;
}

/** A frame of which all but its payload is still to be written. */
export function placePayload(role: Role, payload: Uint8Array | string): Uint8Array {
  return role === Role.Client ? withRoom(payload, 6, 8, 14) : withRoom(payload, 2, 4, 10);
}

/** Bytes before the payload of a frame. */
export function headerLength(role: Role, frame: Uint8Array): number {
  const maskSize = role === Role.Client ? MASK_BYTES : 0;
  const size = frame.length - maskSize;
  return maskSize + (size < 2 + LENGTH_16 ? 2 : size <= 4 + 0xffff ? 4 : 10);
}

/**
 * Writes the header of a frame, and masks it.
 *
 * @param first FIN and the opcode
 * @param start where the payload begins
 */
export function finishFrame(role: Role, first: number, frame: Uint8Array, start: number): void {
  const length = frame.length - start;
  const maskBit = role === Role.Client ? MASK_BIT : 0;
  frame[0] = first;
  if (length < LENGTH_16) frame[1] = maskBit | length;
  else writeLength(frame, maskBit, length);
  if (maskBit !== 0) maskFrame(frame, start);
}

/**
 * Encodes a message as one frame or, where it is longer than `fragmentSize`, as several.
 *
 * @param fragmentSize largest payload of a frame in bytes; 0: one frame whatever its size
 */
export function encodeMessage(role: Role, opcode: Opcode, payload: Uint8Array, fragmentSize: number): Uint8Array[] {
  if (fragmentSize === 0 || payload.length <= fragmentSize) return [encodeFrame(role, opcode, true, payload)];
  const frames: Uint8Array[] = [];
  for (let start = 0; start < payload.length; start += fragmentSize) {
    const end = Math.min(start + fragmentSize, payload.length);
    // RFC 6455, 5.4: the first frame has the message's opcode, the others 0, and the last one FIN.
    const frameOpcode = start === 0 ? opcode : Opcode.Continuation;
    frames.push(encodeFrame(role, frameOpcode, end === payload.length, payload.subarray(start, end)));
  }
  return frames;
}

/** A message that was encoded for many connections. */
export interface EncodedMessage {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
  readonly frames: readonly Uint8Array[];
}

/**
 * Bytes of memory that the frames of a payload of `length` bytes take while they wait. At most a little too high.
 *
 * @throws OptionError where that is more than `maxQueueBytes`
 */
export function encodedCost(length: number, fragmentSize: number, maxQueueBytes: number): number {
  const frames = fragmentSize === 0 || length <= fragmentSize ? 1 : Math.ceil(length / fragmentSize);
  const cost = length + frames * MAX_FRAME_COST;
  if (cost <= maxQueueBytes) return cost;
  throw new OptionError(
    `A message of ${length} bytes needs ${cost} bytes of the queue, and maxQueueBytes is ${maxQueueBytes}: raise it, or send less at once.`,
  );
}

/** What a waiting frame costs in memory beside its bytes: its objects on a 32-bit XS. */
const FRAME_OVERHEAD_BYTES = 64;

/** The most that a frame costs in memory beside its payload. */
export const MAX_FRAME_COST = MAX_HEADER_BYTES + FRAME_OVERHEAD_BYTES;

/**
 * The frames that wait while the transport is full. Each leaves whole; control frames leave between the fragments of a
 * message.
 */
export class FrameQueue {
  /** When the transport last took something. */
  blockedAt: number;
  /** Bytes of all waiting frames. */
  byteLength = 0;
  private data: Uint8Array[] = [];
  private controls: Uint8Array[] = [];

  /** Bytes that the transport still had when it was last looked at. */
  bytesInTransport: number;

  constructor(blockedAt: number, bytesInTransport: number) {
    this.blockedAt = blockedAt;
    this.bytesInTransport = bytesInTransport;
  }

  /** Whether some of the bytes in the transport have left, which shows that the peer takes what is sent. */
  hasProgressed(bytesInTransport: number, now: number): boolean {
    if (bytesInTransport >= this.bytesInTransport) return false;
    this.bytesInTransport = bytesInTransport;
    this.blockedAt = now;
    return true;
  }

  /** Bytes of memory that the waiting frames take. */
  get cost(): number {
    return this.byteLength + (this.data.length + this.controls.length) * FRAME_OVERHEAD_BYTES;
  }

  /** Adds a data frame, or the Close frame, behind those that wait. */
  push(frame: Uint8Array): void {
    this.data.push(frame);
    this.byteLength += frame.length;
  }

  /** Adds a Ping or Pong, before the data. */
  pushControl(frame: Uint8Array): void {
    if (this.controls.length === MAX_WAITING_CONTROLS) this.byteLength -= this.controls.pop()?.length ?? 0;
    this.controls.push(frame);
    this.byteLength += frame.length;
  }

  /** Forgets the frames. */
  clear(): void {
    this.data = [];
    this.controls = [];
    this.byteLength = 0;
  }

  /** Takes the frame that leaves next. */
  shift(): Uint8Array | undefined {
    const frame = this.controls.shift() ?? this.data.shift();
    if (frame !== undefined) this.byteLength -= frame.length;
    return frame;
  }
}

/** When a peer is given up that takes nothing of what is sent to it, in milliseconds; Infinity for never. */
export function blockedDeadline(queue: FrameQueue | undefined, { serverTimeout }: ConnectionSettings): number {
  return queue === undefined || serverTimeout === 0 ? Infinity : queue.blockedAt + serverTimeout;
}

function writeLength(frame: Uint8Array, maskBit: number, length: number): void {
  const size = length <= 0xffff ? 2 : 8;
  frame[1] = maskBit | (size === 2 ? LENGTH_16 : LENGTH_64);
  let rest = length;
  for (let at = 1 + size; at > 1; at--) {
    frame[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
