/** The JSON encoding of the hub protocol. */

import { encodeUtf8 } from "#platform";
import { checkInteger } from "../../common/options.js";
import { HubProtocolError } from "../errors.js";
import { DEFAULT_MAXIMUM_DEPTH, parseRecord, type Fields, type JsonLimits } from "./limits.js";
import {
  MessageType,
  type CloseMessage,
  type CompletionMessage,
  type HubMessage,
  type HubMessageReader,
  type HubProtocol,
  type InvocationMessage,
  type RecordLimits,
  type StreamInvocationMessage,
} from "./messages.js";

/** Ends a record ("SignalR Hub Protocol", JSON encoding: ASCII "record separator"). */
export const RECORD_SEPARATOR = "\x1e";

/** Version 2 adds what is for stateful reconnect only, which is not offered: a client that asks for it goes without. */
const NEWEST_VERSION = 2;

/** The JSON encoding: version 1, and 2 where a client asks for it. */
export class JsonHubProtocol implements HubProtocol {
  readonly name = "json";
  readonly version = 1;
  readonly transferFormat = "Text";
  private readonly maximumDepth: number;

  /**
   * Makes the encoding.
   *
   * @param maximumDepth levels of arrays and objects in each other that a record may have, 4 to 1,000
   * @throws OptionError where it is out of its range
   */
  constructor(maximumDepth = DEFAULT_MAXIMUM_DEPTH) {
    checkInteger("maximumDepth", maximumDepth, 4, 1_000);
    this.maximumDepth = maximumDepth;
  }

  /**
   * Asks for version 1 or 2.
   *
   * @returns whether it is one of them
   */
  isVersionSupported(version: number): boolean {
    return version <= NEWEST_VERSION;
  }

  /**
   * Makes a reader for one connection.
   *
   * @param maximumLength longest record, in characters
   * @param limits what a record may have
   * @returns the reader
   */
  createReader(maximumLength: number, limits?: RecordLimits): HubMessageReader {
    return new JsonMessageReader(maximumLength, { ...limits, maximumDepth: this.maximumDepth });
  }

  /**
   * Makes the text of one hub message, with the separator behind it.
   *
   * @returns the text
   * @throws TypeError for values that JSON does not have, such as a BigInt or a circle
   */
  format(message: HubMessage): string {
    return JSON.stringify(message) + RECORD_SEPARATOR;
  }
}

/** Pieces of a record that are kept before they are joined: many tiny ones would cost more than their text. */
const MAX_PIECES = 16;

/** Records that are cut off at once: an array of thousands of empty ones would take more memory than their text. */
const MAX_CUT = 16;

/** Cuts what comes into records: several may come in one message, and one in several. */
class JsonMessageReader implements HubMessageReader {
  private readonly maximumLength: number;
  private readonly limits: JsonLimits;
  private pieces: string[] = [];
  /** Of the pieces, in bytes of UTF-8, as which XS keeps them. */
  private length = 0;

  /** @param maximumLength longest record: in UTF-16 code units, and where it comes in pieces in bytes of UTF-8 */
  constructor(maximumLength: number, limits: JsonLimits) {
    this.maximumLength = maximumLength;
    this.limits = limits;
  }

  read(
    data: string | Uint8Array,
    received: (message: HubMessage, length: number) => void,
    mayContinue: () => boolean = () => true,
  ): string {
    if (typeof data !== "string") throw new HubProtocolError("A binary message came, where JSON is text.");
    let rest = data;
    for (;;) {
      const parts = rest.split(RECORD_SEPARATOR, MAX_CUT);
      // What is behind the last separator is no record yet; with fewer parts than were asked for, the last one is.
      const whole = parts.length < MAX_CUT ? parts.length - 1 : MAX_CUT - 1;
      let taken = 0;
      for (let at = 0; at < whole; at++) {
        const part = parts[at] ?? "";
        taken += part.length + 1;
        this.take(part, received);
        if (!mayContinue()) return rest.slice(taken);
      }
      rest = rest.slice(taken);
      if (whole < MAX_CUT - 1) break;
    }
    if (rest !== "") this.keep(rest);
    return "";
  }

  /** A record is whole. */
  private take(part: string, received: (message: HubMessage, length: number) => void): void {
    this.check(part.length);
    const record = this.pieces.length === 0 ? part : this.pieces.join("") + part;
    this.pieces.length = this.length = 0;
    const { fields, length } = parseRecord(record, this.limits);
    const message = readHubMessage(fields);
    if (message !== undefined) received(message, length);
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

/**
 * The message of a record.
 *
 * @returns undefined for a type that is not known: "New message types may be added; ignore them"
 * @throws HubProtocolError where it is none
 */
function readHubMessage(fields: Fields): HubMessage | undefined {
  const { type } = fields;
  switch (type) {
    case MessageType.Invocation:
      return readInvocation(fields);
    case MessageType.StreamInvocation:
      return readStreamInvocation(fields);
    case MessageType.StreamItem:
      if (!("item" in fields)) throw missing("item", "a StreamItem");
      return { type, invocationId: readId(fields, "a StreamItem"), item: fields["item"] };
    case MessageType.Completion:
      return readCompletion(fields);
    case MessageType.CancelInvocation:
      return { type, invocationId: readId(fields, "a CancelInvocation") };
    case MessageType.Ping:
      return { type };
    case MessageType.Close:
      return readClose(fields);
    default:
      if (typeof type !== "number") throw missing("type", "a message");
      return undefined;
  }
}

function readInvocation(fields: Fields): InvocationMessage {
  // An empty id is none: so writes who has but a field for it.
  const isAnswerWanted = isGiven(fields["invocationId"]) && fields["invocationId"] !== "";
  const id = isAnswerWanted ? { invocationId: readId(fields, "an Invocation") } : {};
  return { type: MessageType.Invocation, ...id, ...readCall(fields, "an Invocation") };
}

function readStreamInvocation(fields: Fields): StreamInvocationMessage {
  const invocationId = readId(fields, "a StreamInvocation");
  return { type: MessageType.StreamInvocation, invocationId, ...readCall(fields, "a StreamInvocation") };
}

function readCall(fields: Fields, what: string): Pick<InvocationMessage, "target" | "arguments" | "streamIds"> {
  const { target, arguments: values, streamIds } = fields;
  if (typeof target !== "string") throw missing("target", what);
  if (!Array.isArray(values)) throw missing("arguments", what);
  if (!isGiven(streamIds)) return { target, arguments: values };
  if (!Array.isArray(streamIds) || !streamIds.every(isName)) throw missing("streamIds", what);
  return { target, arguments: values, streamIds };
}

function readCompletion(fields: Fields): CompletionMessage {
  const invocationId = readId(fields, "a Completion");
  const { error, result } = fields;
  const type = MessageType.Completion;
  if (!isGiven(error)) return "result" in fields ? { type, invocationId, result } : { type, invocationId };
  if (typeof error !== "string") throw missing("error", "a Completion");
  // "It is a protocol error for a Completion message to carry both a result and an error."
  if (isGiven(result)) throw new HubProtocolError("A Completion has a result and an error.");
  return { type, invocationId, error };
}

function readClose(fields: Fields): CloseMessage {
  const { error, allowReconnect } = fields;
  if (isGiven(error) && typeof error !== "string") throw missing("error", "a Close");
  if (isGiven(allowReconnect) && typeof allowReconnect !== "boolean") throw missing("allowReconnect", "a Close");
  return {
    type: MessageType.Close,
    ...(typeof error === "string" ? { error } : {}),
    ...(typeof allowReconnect === "boolean" ? { allowReconnect } : {}),
  };
}

function readId(fields: Fields, what: string): string {
  const { invocationId } = fields;
  if (!isName(invocationId)) throw missing("invocationId", what);
  return invocationId;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Some peers write null for what they could leave out. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function missing(field: string, what: string): HubProtocolError {
  return new HubProtocolError(`The ${field} of ${what} is missing, or of another type.`);
}
