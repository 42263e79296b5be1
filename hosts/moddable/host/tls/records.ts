import { NetworkError } from "../networkerror.js";
import { RecordType } from "./handshakeguard.js";

const headBytes = 5;
/** RFC 5246, 6.2.3: 2^14 bytes, and what compression and encryption may add. */
const maxBodyBytes = 16_384 + 2_048;
/** The first byte of each version of TLS, and of SSL 3. */
const majorVersion = 3;

/** Puts the records of TLS together from what TCP delivers. */
export class Records {
  #chunks: Uint8Array[] = [];
  #byteLength = 0;

  /** Bytes that have come and belong to no record that was taken. */
  get byteLength(): number {
    return this.#byteLength;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  /**
   * Takes the next record, undefined while it is not complete. Its bytes are the caller's own.
   *
   * @throws NetworkError with ETLSFAILED where the bytes are no record
   */
  take(): Uint8Array | undefined {
    if (this.#byteLength < headBytes) return undefined;
    const head = this.#head();
    const [type = 0, version, , high = 0, low = 0] = head;
    const bodyBytes = high * 256 + low;
    const isRecord = type >= RecordType.ChangeCipherSpec && type <= RecordType.ApplicationData;
    if (!isRecord || version !== majorVersion || bodyBytes > maxBodyBytes) {
      throw new NetworkError("ETLSFAILED", "the server does not speak TLS; check the port");
    }
    const wanted = headBytes + bodyBytes;
    return this.#byteLength < wanted ? undefined : this.#gather(wanted);
  }

  #head(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && first.byteLength >= headBytes) return first;
    const head = this.#gather(headBytes);
    this.#chunks.unshift(head);
    this.#byteLength += headBytes;
    return head;
  }

  #gather(count: number): Uint8Array {
    this.#byteLength -= count;
    const [first] = this.#chunks;
    if (first !== undefined && first.byteLength >= count) {
      if (first.byteLength === count) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const whole = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const chunk = this.#chunks.shift() ?? whole.subarray(filled);
      const part = chunk.subarray(0, count - filled);
      whole.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength < chunk.byteLength) this.#chunks.unshift(chunk.subarray(part.byteLength));
    }
    return whole;
  }
}
