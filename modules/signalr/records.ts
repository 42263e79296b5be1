/** Texts that end with U+001E: several may come in one message, and one in several. */

import { HubProtocolError } from "./errors.js";

/** Ends a record ("SignalR Hub Protocol", JSON encoding: ASCII "record separator"). */
export const RECORD_SEPARATOR = "\x1e";

/** Pieces of a record that are kept before they are joined: many tiny ones would cost more than their text. */
const MAX_PIECES = 16;

/** Cuts what comes into records. */
export class RecordReader {
  private readonly maximumLength: number;
  private pieces: string[] = [];
  private length = 0;

  /** @param maximumLength longest record, in UTF-16 code units */
  constructor(maximumLength: number) {
    this.maximumLength = maximumLength;
  }

  /**
   * Takes the next text.
   *
   * @param received called for each record that is whole by now, without its separator
   * @throws HubProtocolError for a record of more than `maximumLength`
   */
  read(text: string, received: (record: string) => void): void {
    const parts = text.split(RECORD_SEPARATOR);
    const rest = parts.pop() ?? "";
    for (const part of parts) {
      this.check(part.length);
      const record = this.pieces.length === 0 ? part : this.pieces.join("") + part;
      this.pieces.length = this.length = 0;
      received(record);
    }
    if (rest !== "") this.keep(rest);
  }

  private keep(piece: string): void {
    this.check(piece.length);
    this.length += piece.length;
    this.pieces.push(piece);
    if (this.pieces.length > MAX_PIECES) this.pieces = [this.pieces.join("")];
  }

  private check(added: number): void {
    if (this.length + added > this.maximumLength)
      throw new HubProtocolError(
        `A record has more than ${this.maximumLength} characters: raise maximumReceiveMessageSize.`,
      );
  }
}
