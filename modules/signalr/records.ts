/** Texts that end with U+001E: several may come in one message, and one in several. */

import { encodeUtf8 } from "#platform";
import { HubProtocolError } from "./errors.js";

/** Ends a record ("SignalR Hub Protocol", JSON encoding: ASCII "record separator"). */
export const RECORD_SEPARATOR = "\x1e";

/** Pieces of a record that are kept before they are joined: many tiny ones would cost more than their text. */
const MAX_PIECES = 16;

/** Records that are cut off at once: an array of thousands of empty ones would take more memory than their text. */
const MAX_CUT = 16;

/** Cuts what comes into records. */
export class RecordReader {
  private readonly maximumLength: number;
  private pieces: string[] = [];
  /** Of the pieces, in bytes of UTF-8, as which XS keeps them. */
  private length = 0;

  /** @param maximumLength longest record: in UTF-16 code units, and where it comes in pieces in bytes of UTF-8 */
  constructor(maximumLength: number) {
    this.maximumLength = maximumLength;
  }

  /**
   * Takes the next text.
   *
   * @param received called for each record that is whole by now, without its separator
   * @param mayGoOn asked behind each; where it says no, the rest is not taken
   * @returns what was not taken: "" for nothing
   * @throws HubProtocolError for a record of more than `maximumLength`
   */
  read(text: string, received: (record: string) => void, mayGoOn: () => boolean): string {
    let rest = text;
    for (;;) {
      const parts = rest.split(RECORD_SEPARATOR, MAX_CUT);
      // What is behind the last separator is no record yet; with fewer parts than were asked for, the last one is.
      const whole = parts.length < MAX_CUT ? parts.length - 1 : MAX_CUT - 1;
      let taken = 0;
      for (let at = 0; at < whole; at++) {
        const part = parts[at] ?? "";
        taken += part.length + 1;
        received(this.complete(part));
        if (!mayGoOn()) return rest.slice(taken);
      }
      rest = rest.slice(taken);
      if (whole < MAX_CUT - 1) break;
    }
    if (rest !== "") this.keep(rest);
    return "";
  }

  private complete(part: string): string {
    this.check(part.length);
    const record = this.pieces.length === 0 ? part : this.pieces.join("") + part;
    this.pieces.length = this.length = 0;
    return record;
  }

  private keep(piece: string): void {
    const { length } = encodeUtf8(piece);
    this.check(length);
    this.length += length;
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
