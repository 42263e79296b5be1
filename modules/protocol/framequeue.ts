/** The way of frames to the transport, and where they wait while it is full: in whole, and bounded in bytes. */

import { MAX_HEADER_BYTES } from "../common/constants.js";
import { OptionError } from "../common/errors.js";

/** What a protocol sends through, and slows down: a socket. */
export interface Transport {
  /** Bytes that it has taken but not sent. */
  readonly bufferedAmount: number;
  /** The peer's address. */
  readonly remoteAddress: string;
  /** The peer's port. */
  readonly remotePort: number;
  /** Sends a frame. @returns "taken"; else `drained()` will be called when there is room for more, unless it has ended */
  write(frame: Uint8Array): "taken" | "full" | "over";
  /** Delivers nothing until `resume()`. */
  pause(): void;
  /** Delivers again, in a turn of its own. */
  resume(): void;
  /** Takes bytes back that it has delivered: they come again before all others. */
  unread(bytes: Uint8Array): void;
  /** Sends what was given, then ends. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}

/** Pongs and Pings that may wait; RFC 6455, 5.5.3 lets a newer Pong stand for those before it. */
const MAX_WAITING_CONTROLS = 16;

/** What a waiting frame costs in memory beside its bytes: its objects on a 32-bit XS. */
const FRAME_OVERHEAD_BYTES = 64;

/** The most that a frame costs in memory beside its payload. */
export const MAX_FRAME_COST = MAX_HEADER_BYTES + FRAME_OVERHEAD_BYTES;

/**
 * What a message takes of a queue.
 *
 * @param length bytes of its payload
 * @param fragmentSize largest payload of a frame in bytes; 0: one frame whatever its size
 * @throws OptionError where that is more than `maxQueueBytes`, so that it can never be sent
 */
export function costInQueue(length: number, fragmentSize: number, maxQueueBytes: number): number {
  const frames = fragmentSize === 0 || length <= fragmentSize ? 1 : Math.ceil(length / fragmentSize);
  const cost = length + frames * MAX_FRAME_COST;
  if (cost <= maxQueueBytes) return cost;
  throw new OptionError(
    `A message of ${length} bytes needs ${cost} bytes of the queue, and maxQueueBytes is ${maxQueueBytes}: raise it, or send less at once.`,
  );
}

/** The frames that wait. Each leaves whole; control frames leave between the fragments of a message. */
class WaitingFrames {
  data: Uint8Array[] = [];
  controls: Uint8Array[] = [];
  /** Bytes of all of them. */
  byteLength = 0;
  /** When the transport last took something. */
  blockedAt: number;
  /** Bytes that the transport still had when it was last looked at. */
  bytesInTransport: number;

  constructor(blockedAt: number, bytesInTransport: number) {
    this.blockedAt = blockedAt;
    this.bytesInTransport = bytesInTransport;
  }

  /** Takes the frame that leaves next. */
  shift(): Uint8Array | undefined {
    const frame = this.controls.shift() ?? this.data.shift();
    if (frame !== undefined) this.byteLength -= frame.length;
    return frame;
  }
}

/** The frames of one connection, on their way out. */
export class FrameQueue {
  readonly transport: Transport;
  /** Only while the transport is full: it has bytes that have not left, and all that is pushed waits behind them. */
  waiting: WaitingFrames | undefined = undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Bytes that wait here and in the transport. */
  get bufferedAmount(): number {
    return this.transport.bufferedAmount + (this.waiting?.byteLength ?? 0);
  }

  /**
   * Whether the frames of a payload of `length` bytes find room beside what waits, here and in the transport. What they take
   * is judged in bytes of memory, and at most a little too high. While nothing waits, there is room for all that the queue can
   * hold: `queueDrained` would not be told to who was refused then.
   *
   * @param fragmentSize largest payload of a frame in bytes; 0: one frame whatever its size
   * @throws OptionError where they would find none in an empty queue of `maxQueueBytes`
   */
  hasRoomFor(length: number, fragmentSize: number, maxQueueBytes: number): boolean {
    const { waiting } = this;
    const cost = costInQueue(length, fragmentSize, maxQueueBytes);
    return waiting === undefined || this.costOf(waiting) + cost <= maxQueueBytes;
  }

  /** Bytes of the longest payload for which `hasRoomFor` would be true. */
  roomFor(fragmentSize: number, maxQueueBytes: number): number {
    const { waiting } = this;
    const room = maxQueueBytes - (waiting === undefined ? 0 : this.costOf(waiting));
    const frameCost = fragmentSize + MAX_FRAME_COST;
    const whole = fragmentSize === 0 ? 0 : Math.floor(room / frameCost);
    return Math.max(0, whole * fragmentSize + Math.max(0, room - whole * frameCost - MAX_FRAME_COST));
  }

  /** What waits, here and in the transport, in bytes of memory. */
  private costOf({ data, controls }: WaitingFrames): number {
    return this.bufferedAmount + (data.length + controls.length) * FRAME_OVERHEAD_BYTES;
  }

  /** Sends a data frame, or the Close frame, behind those that wait. @returns whether it has filled the transport */
  push(frame: Uint8Array, now: number): boolean {
    const { waiting, transport } = this;
    if (waiting === undefined) {
      if (transport.write(frame) === "taken") return false;
      this.filled(now);
      return true;
    }
    waiting.data.push(frame);
    waiting.byteLength += frame.length;
    return false;
  }

  /** A frame that was written while nothing waited has filled the transport. */
  filled(now: number): void {
    this.waiting = new WaitingFrames(now, this.transport.bufferedAmount);
  }

  /** Sends a Ping or Pong, before the data that waits. @returns whether it has filled the transport */
  pushControl(frame: Uint8Array, now: number): boolean {
    const { waiting } = this;
    if (waiting === undefined) return this.push(frame, now);
    const { controls } = waiting;
    if (controls.length === MAX_WAITING_CONTROLS) waiting.byteLength -= controls.pop()?.length ?? 0;
    controls.push(frame);
    waiting.byteLength += frame.length;
    return false;
  }

  /** The transport has room again. @returns whether all that waited has left */
  drained(now: number): boolean {
    const { waiting, transport } = this;
    if (waiting === undefined) return true;
    for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
      if (transport.write(frame) === "taken") continue;
      waiting.blockedAt = now;
      waiting.bytesInTransport = transport.bufferedAmount;
      return false;
    }
    this.waiting = undefined;
    return true;
  }

  /** Whether some of the bytes in the transport have left, which shows that the peer takes what is sent. */
  hasProgressed(now: number): boolean {
    const { waiting } = this;
    const { bufferedAmount } = this.transport;
    if (waiting === undefined || bufferedAmount >= waiting.bytesInTransport) return false;
    waiting.bytesInTransport = bufferedAmount;
    waiting.blockedAt = now;
    return true;
  }

  /** When a peer is given up that takes nothing of what is sent to it, in milliseconds; Infinity for never. */
  deadline(serverTimeout: number): number {
    return this.waiting === undefined || serverTimeout === 0 ? Infinity : this.waiting.blockedAt + serverTimeout;
  }

  /** Forgets the frames that wait; what the transport has leaves. */
  clear(): void {
    if (this.waiting !== undefined)
      this.waiting = new WaitingFrames(this.waiting.blockedAt, this.waiting.bytesInTransport);
  }

  /** The transport has ended. */
  stop(): void {
    this.waiting = undefined;
  }
}
