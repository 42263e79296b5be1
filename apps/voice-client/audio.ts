/** Audio: 16 bits a sample, one channel, in frames of 20 ms. A tone stands for a microphone. */

export const FRAME_MS = 20;
const TONE_HERTZ = 440;
const LOUDNESS = 8_000;

/** How many bytes a frame has. @param rate samples a second */
export function frameBytesOf(rate: number): number {
  return 2 * Math.floor((rate * FRAME_MS) / 1_000);
}

/** A microphone that hears a tone. Each frame begins with its number, by which its echo is known. */
export class Microphone {
  private readonly tone: Uint8Array;
  private count = 0;

  constructor(rate: number) {
    this.tone = new Uint8Array(frameBytesOf(rate));
    const samples = new DataView(this.tone.buffer);
    // 20 ms of it are 8.8 waves: a click each time, but the frame is computed once.
    for (let at = 0; at < this.tone.length; at += 2)
      samples.setInt16(at, LOUDNESS * Math.sin((Math.PI * TONE_HERTZ * at) / rate), true);
  }

  /** The next frame. */
  read(): Uint8Array {
    const frame = new Uint8Array(this.tone);
    new DataView(frame.buffer).setUint32(0, this.count++, true);
    return frame;
  }
}

/** The number of a frame of a {@link Microphone}. */
export function numberOf(frame: Uint8Array): number {
  return frame.length < 4 ? -1 : new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
}

/** Ticks every 20 ms, without drift: a tick that comes late does not delay the next. */
export class Ticks {
  private nextAt = Date.now();
  private readonly delay: (delayMs: number) => Promise<void>;

  constructor(delay: (delayMs: number) => Promise<void>) {
    this.delay = delay;
  }

  next(): Promise<void> {
    this.nextAt += FRAME_MS;
    return this.delay(Math.max(0, this.nextAt - Date.now()));
  }
}
