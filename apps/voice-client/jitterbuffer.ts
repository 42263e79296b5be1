/** Keeps audio between a network, which delivers in bursts, and a loudspeaker, which takes a frame every 20 ms. */
export class JitterBuffer {
  /** Bytes that wait to be played. */
  byteLength = 0;
  /** The most that ever waited. */
  mostBytes = 0;
  /** How often it ran dry in the midst of a talk. */
  underruns = 0;
  private chunks: Uint8Array[] = [];
  private isFilling = true;
  private isEnded = false;
  private readonly startBytes: number;

  /** @param startBytes how many bytes have to be there before it plays, at first and after each underrun */
  constructor(startBytes: number) {
    this.startBytes = startBytes;
  }

  /** Audio has come, of whatever length. It is kept as it is: do not change it. */
  push(chunk: Uint8Array): void {
    this.isEnded = false;
    this.chunks.push(chunk);
    this.byteLength += chunk.length;
    this.mostBytes = Math.max(this.mostBytes, this.byteLength);
  }

  /** The talk is over: what is there is played to its end, which is no underrun. */
  end(): void {
    this.isEnded = true;
  }

  /** @returns the next frame; undefined for silence */
  take(frameBytes: number): Uint8Array | undefined {
    const wanted = this.isEnded ? 1 : this.isFilling ? Math.max(this.startBytes, frameBytes) : frameBytes;
    if (this.byteLength < wanted) {
      if (!this.isFilling && !this.isEnded) this.underruns += 1;
      this.isFilling = true;
      return undefined;
    }
    this.isFilling = false;
    return this.join(frameBytes);
  }

  private join(frameBytes: number): Uint8Array {
    const frame = new Uint8Array(frameBytes);
    let filled = 0;
    let [chunk] = this.chunks;
    while (chunk !== undefined && filled < frameBytes) {
      const part = chunk.subarray(0, frameBytes - filled);
      frame.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) this.chunks[0] = chunk.subarray(part.length);
      else this.chunks.shift();
      [chunk] = this.chunks;
    }
    this.byteLength -= filled;
    return frame;
  }
}
