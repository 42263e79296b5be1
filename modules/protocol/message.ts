/** Data frames to messages (RFC 6455, 5.4 and 5.6): whole ones under a limit, or each fragment as it comes. */

import { decodeUtf8 } from "#platform";
import { FragmentationType, Opcode, WebSocketCloseStatus, WebSocketMessageType } from "./constants.js";
import { ProtocolError } from "./errors.js";
import type { ConnectionSettings } from "./options.js";
import { maxFrameLength, PartialMessage } from "./partialmessage.js";

/** What was received: for a text its characters, for binary its bytes, for a fragment of a text both. */
export interface MessageSink {
  /**
   * A message, or with `deliverFragments` a fragment of one.
   *
   * @param bytes the payload; undefined for a text in one piece
   * @param text the characters; undefined for binary. Of a fragment: those that are complete by its end
   */
  messageReceived(
    type: WebSocketMessageType,
    bytes: Uint8Array | undefined,
    text: string | undefined,
    fragmentation: FragmentationType,
  ): void;
}

/** Reads the messages of one connection. */
export class MessageReader {
  /** The message whose frames, or whose frame's payload, come in pieces. */
  current: PartialMessage | undefined = undefined;
  /** Largest message in one frame, in bytes. */
  private readonly maxWholeLength: number;
  private readonly sink: MessageSink;
  private readonly settings: ConnectionSettings;

  constructor(settings: ConnectionSettings, sink: MessageSink) {
    this.settings = settings;
    this.sink = sink;
    const { deliverFragments, maxMessageBytes } = settings;
    this.maxWholeLength = Math.min(maxFrameLength(settings), deliverFragments ? Infinity : maxMessageBytes);
  }

  /**
   * A data frame came whole: its payload is `chunk` from `start` to `end`.
   *
   * @returns the error that fails the connection, if there is one
   */
  frameReceived(
    opcode: Opcode,
    isFinal: boolean,
    chunk: Uint8Array,
    start: number,
    end: number,
  ): ProtocolError | undefined {
    // A message in one frame, which most are, changes no state.
    if (isFinal && this.current === undefined && opcode !== Opcode.Continuation && end - start <= this.maxWholeLength)
      return opcode === Opcode.Text ? this.deliverText(chunk, start, end) : this.deliverBinary(chunk, start, end);
    return this.startFrame(opcode, isFinal, end - start) ?? this.payloadReceived(chunk.subarray(start, end), true);
  }

  /**
   * A data frame begins. Nothing is allocated for it before its length has met the limits.
   *
   * @returns the error that fails the connection, if there is one
   */
  startFrame(opcode: Opcode, isFinal: boolean, length: number): ProtocolError | undefined {
    if (opcode === Opcode.Continuation) {
      // RFC 6455, 5.4: a continuation goes on a message that a frame with another opcode began.
      if (this.current === undefined) return protocolError("A continuation frame came outside of a message.");
    } else {
      // RFC 6455, 5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another".
      if (this.current !== undefined) return protocolError("A new message began before the last one ended.");
      const type = opcode === Opcode.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
      this.current = new PartialMessage(type, this.settings);
    }
    return this.current.startFrame(isFinal, length);
  }

  /**
   * The next payload bytes of the data frame; `isEnd` with its last ones.
   *
   * @returns the error that fails the connection, if there is one
   */
  payloadReceived(bytes: Uint8Array, isEnd: boolean): ProtocolError | undefined {
    const { current } = this;
    if (current === undefined) return undefined;
    try {
      current.append(bytes, isEnd);
    } catch (cause) {
      return textError(cause);
    }
    if (!isEnd || !(current.isFinal || this.settings.deliverFragments)) return undefined;
    const fragmentation = this.settings.deliverFragments ? current.fragmentation : FragmentationType.NotFragmented;
    if (current.isFinal) this.current = undefined;
    this.sink.messageReceived(current.type, current.takeBytes(), current.takeText(), fragmentation);
    return undefined;
  }

  private deliverText(chunk: Uint8Array, start: number, end: number): ProtocolError | undefined {
    let text: string;
    try {
      text = decodeUtf8(chunk, start, end);
    } catch (cause) {
      return textError(cause);
    }
    this.sink.messageReceived(WebSocketMessageType.Text, undefined, text, FragmentationType.NotFragmented);
    return undefined;
  }

  private deliverBinary(chunk: Uint8Array, start: number, end: number): ProtocolError | undefined {
    const bytes = chunk.slice(start, end);
    this.sink.messageReceived(WebSocketMessageType.Binary, bytes, undefined, FragmentationType.NotFragmented);
    return undefined;
  }
}

function protocolError(message: string): ProtocolError {
  return new ProtocolError(WebSocketCloseStatus.ProtocolError, message);
}

/** RFC 6455, 8.1: a byte stream that is not valid UTF-8 fails the connection. */
function textError(cause: unknown): ProtocolError {
  return new ProtocolError(WebSocketCloseStatus.InvalidPayloadData, "A text message is not valid UTF-8.", { cause });
}
