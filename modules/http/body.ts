/** The body of an HTTP answer: by its length, in chunks, or until the end (RFC 9112, 6.3); no more than is asked for. */

import { withRoomFor } from "../common/bytes.js";
import { isDecimal } from "../common/text.js";
import type { HttpHeaders } from "../common/headers.js";
import { ChunkedDecoder } from "./chunked.js";

/** Reads one body. */
export class BodyReader {
  /** False where a Content-Length is no number (RFC 9112, 6.3: "an unrecoverable error"). */
  readonly isFramed: boolean;
  private readonly maxBytes: number;
  private readonly chunks: ChunkedDecoder | undefined;
  /** Bytes that are to come by the length; Infinity: until the end. */
  private remaining: number;
  private kept: Uint8Array = new Uint8Array(0);
  private count = 0;
  private isOver = false;

  /** @param maxBytes how much is kept: {@link isCut} tells of more */
  constructor(statusCode: number, headers: HttpHeaders, maxBytes: number) {
    this.maxBytes = maxBytes;
    // RFC 9112, 6.3: "Transfer-Encoding overrides the Content-Length".
    const isChunked = headers.hasToken("transfer-encoding", "chunked");
    this.chunks = isChunked ? new ChunkedDecoder((data) => this.keep(data)) : undefined;
    this.isFramed = isChunked || isDecimal(headers.get("content-length") ?? "0");
    this.remaining = hasNoBody(statusCode) ? 0 : lengthOf(headers);
    this.isOver = this.remaining === 0 && (!isChunked || hasNoBody(statusCode));
  }

  /** Whether nothing more is to come. */
  get isWhole(): boolean {
    return this.isOver;
  }

  /** Whether the body has more than `maxBytes`. */
  get isCut(): boolean {
    return this.count > this.maxBytes;
  }

  /** What is there, at most `maxBytes`. */
  get bytes(): Uint8Array {
    return this.kept.subarray(0, Math.min(this.count, this.maxBytes));
  }

  /**
   * Takes the next bytes.
   *
   * @throws HandshakeError (0) where it is not chunked as it says; what came until then is kept
   */
  read(bytes: Uint8Array): void {
    if (this.isOver) return;
    if (this.chunks !== undefined) {
      this.chunks.read(bytes);
      this.isOver = this.chunks.isOver;
      return;
    }
    this.keep(bytes.length > this.remaining ? bytes.subarray(0, this.remaining) : bytes);
    this.remaining -= bytes.length;
    this.isOver = this.remaining <= 0;
  }

  /** The connection has ended: a body without length or chunks is whole by that. */
  end(): void {
    if (this.chunks === undefined && this.remaining === Infinity) this.isOver = true;
  }

  /** Copies what there is room for, and counts all. */
  private keep(data: Uint8Array): void {
    const start = Math.min(this.count, this.maxBytes);
    this.count += data.length;
    const end = Math.min(this.count, this.maxBytes);
    this.kept = withRoomFor(this.kept, start, end, this.maxBytes);
    this.kept.set(data.subarray(0, end - start), start);
  }
}

/** RFC 9112, 6.3: these end with their head. */
function hasNoBody(statusCode: number): boolean {
  return statusCode < 200 || statusCode === 204 || statusCode === 304;
}

/** A length that is no number says nothing: who needs the whole body refuses it by `isFramed`. */
function lengthOf(headers: HttpHeaders): number {
  const text = headers.get("content-length") ?? "";
  return isDecimal(text) ? Number(text) : Infinity;
}
