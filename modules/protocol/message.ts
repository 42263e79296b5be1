/** Data frames to messages (RFC 6455, 5.4 and 5.6): whole ones under a limit, or each fragment as it comes. */

import { copyBytes, decodeUtf8, xorMask } from "#platform";
import {
  FragmentationType,
  MASK_BYTES,
  Opcode,
  OPCODE_BITS,
  Role,
  WebSocketCloseStatus,
  WebSocketMessageType,
} from "../common/constants.js";
import { ProtocolError } from "../common/errors.js";
import type { AgreedSettings } from "../common/options.js";
import { maxFrameLength, PartialMessage } from "./partialmessage.js";

/** Whom a reader of messages tells. */
export interface MessageListener {
  /**
   * A message, or with `deliverFragments` a fragment of one.
   *
   * @param payload a text, or bytes. Of a fragment of a text: the characters that are complete by its end
   * @param textBytes the bytes of a fragment of a text
   */
  messageReceived(payload: Uint8Array | string, fragmentation: FragmentationType, textBytes?: Uint8Array): void;
}

/** Reads the messages of one connection. */
export class MessageReader {
  /** The message whose frames, or whose frame's payload, come in pieces. */
  current: PartialMessage | undefined = undefined;
  /** Largest message in one frame, in bytes. */
  private readonly maxWholeLength: number;
  /** The side of the reader: a server's messages are masked. */
  readonly role: Role;
  private readonly listener: MessageListener;
  readonly settings: AgreedSettings;

  constructor(role: Role, settings: AgreedSettings, listener: MessageListener) {
    this.role = role;
    this.settings = settings;
    this.listener = listener;
    const { deliverFragments, deliversPieces = false, maxMessageBytes } = settings;
    const maxMessageLength = deliverFragments ? Infinity : maxMessageBytes;
    this.maxWholeLength = deliversPieces ? Infinity : Math.min(maxFrameLength(settings), maxMessageLength);
  }

  /** When the message that comes in pieces has to be whole, in milliseconds; Infinity for never. */
  get deadline(): number {
    return this.current?.deadline ?? Infinity;
  }

  /**
   * Gives a message that has begun its time limit.
   *
   * @param isNew whether it gets a new one where it has one
   * @returns whether there is a new one
   */
  startTime(now: number, isNew = false): boolean {
    const { current } = this;
    const { messageTimeoutMs, deliversPieces } = this.settings;
    if (current === undefined || deliversPieces === true || (current.deadline !== undefined && !isNew)) return false;
    current.deadline = messageTimeoutMs === 0 ? Infinity : now + messageTimeoutMs;
    return true;
  }

  /**
   * A data frame came whole: its payload, still masked where the role wants it so, is `chunk` from `start` to `end`.
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
    const isMasked = this.role === Role.Server;
    const isStart = opcode === Opcode.Text || opcode === Opcode.Binary;
    // A message in one frame, which most are, changes no state.
    if (!isFinal || this.current !== undefined || !isStart || end - start > this.maxWholeLength) {
      if (isMasked) xorMask(chunk, start, end, chunk, start - MASK_BYTES);
      return this.startFrame(opcode, isFinal, end - start) ?? this.payloadReceived(chunk.subarray(start, end), true);
    }
    let payload: Uint8Array | string;
    try {
      payload =
        opcode === Opcode.Text ? decodeUtf8(chunk, start, end, isMasked) : copyBytes(chunk, start, end, isMasked);
    } catch (cause) {
      return textError(cause);
    }
    this.listener.messageReceived(payload, FragmentationType.NotFragmented);
    return undefined;
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
      const isText = (opcode & OPCODE_BITS) === Opcode.Text;
      const type = isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
      const deflater = opcode > Opcode.Binary ? this.settings.deflater : undefined;
      this.current = new PartialMessage(type, deflater?.limits ?? this.settings, deflater?.createInflater());
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
    if (this.settings.deliversPieces === true) {
      if (isEnd && current.isFinal) this.current = undefined;
      // Its text is not decoded: whoever wants bytes takes none.
      const payload = current.type === WebSocketMessageType.Text ? "" : bytes;
      this.listener.messageReceived(payload, FragmentationType.Fragment);
      return undefined;
    }
    try {
      current.append(bytes, isEnd);
    } catch (cause) {
      return textError(cause);
    }
    if (!isEnd || !(current.isFinal || this.settings.deliverFragments)) return undefined;
    const fragmentation = this.settings.deliverFragments ? current.fragmentation : FragmentationType.NotFragmented;
    if (current.isFinal) this.current = undefined;
    const content = current.takeBytes();
    this.listener.messageReceived(current.takeText() ?? content ?? new Uint8Array(0), fragmentation, content);
    return undefined;
  }
}

function protocolError(message: string): ProtocolError {
  return new ProtocolError(WebSocketCloseStatus.ProtocolError, message);
}

/** RFC 6455, 8.1: a byte stream that is not valid UTF-8 fails the connection. */
function textError(cause: unknown): ProtocolError {
  if (cause instanceof ProtocolError) return cause;
  return new ProtocolError(WebSocketCloseStatus.InvalidPayloadData, "A text message is not valid UTF-8.", { cause });
}
