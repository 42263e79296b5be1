/** An MqttSocket with a server of streamserver.ts, on every host. No API of Node or Jest: it is used on XS too. */

import { MqttSocket, type MqttSocketOptions } from "xs-websockets/mqtt";
import { codeOf } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";
import { eventually } from "../support/waiting.js";

/** A socket whose callbacks are recorded, and which reads all that comes unless it is told not to. */
export class Session extends EventLog {
  readonly socket: MqttSocket;
  readonly received: number[] = [];
  error: unknown = undefined;
  isReading: boolean;
  writable = 0;
  /** The most that could be read at a time. */
  mostReadable = 0;
  /** How often `onWritable` was called. */
  writables = 0;

  constructor(port: number, path: string, options: Partial<MqttSocketOptions<MqttSocket>> = {}, isReading = true) {
    super();
    this.isReading = isReading;
    this.socket = new MqttSocket({
      ...{ host: "127.0.0.1", port, path, closeTimeoutMs: 1_000 },
      onReadable: (count) => this.readable(count),
      onWritable: (count) => {
        this.writable = count;
        this.writables += 1;
        this.record("writable");
      },
      onError: (error) => {
        this.error = error;
        this.record(`error ${error.code}`);
      },
      ...options,
    });
  }

  /** Waits until so many bytes came. @returns them */
  async bytes(count: number): Promise<readonly number[]> {
    await eventually(
      () => this.received.length >= count,
      () => `${count} bytes, but ${this.received.length}`,
    );
    return this.received;
  }

  async text(count: number): Promise<string> {
    return String.fromCharCode(...(await this.bytes(count)).slice(-count));
  }

  /** Waits for onWritable. */
  async nextRoom(): Promise<number> {
    const before = this.writables;
    await eventually(() => this.writables !== before);
    return this.writable;
  }

  take(bytes: ArrayBuffer | number | undefined): void {
    for (const byte of new Uint8Array(bytes as ArrayBuffer)) this.received.push(byte);
  }

  /** Reads some bytes at a time, as a slow program does, until so many have come. */
  async readSlowly(pieceBytes: number, count: number): Promise<void> {
    const { received, socket } = this;
    await eventually(
      () => {
        const bytes = socket.read(pieceBytes);
        if (bytes !== undefined) this.take(bytes);
        return received.length >= count;
      },
      () => `${count} bytes, but ${received.length}`,
    );
  }

  private readable(count: number): void {
    this.mostReadable = Math.max(this.mostReadable, count);
    this.record("readable");
    if (this.isReading) this.take(this.socket.read(count));
  }
}

/** What an action throws: its name. */
export function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(codeOf(error));
  }
  return "nothing";
}

/** What nats-server sends at once of a burst of 3,000 messages, nearly. */
export const BURST_BYTES = 77_000;

/** Byte `at` of a burst. */
export function burstByte(at: number): number {
  return (at * 7 + (at >> 8)) & 255;
}
