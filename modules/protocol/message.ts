/** Data frames to messages (RFC 6455, 5.4 and 5.6): whole ones under a limit, or each fragment as it comes. */

import { decodeUtf8 } from "#platform";
import { BytesAssembly, TextAssembly } from "./assembly.js";
import { FragmentationType, Opcode, WebSocketCloseStatus, WebSocketMessageType } from "./constants.js";
import { ProtocolError } from "./errors.js";
import type { ConnectionSettings } from "./options.js";

/** What was received: for a text its characters, for binary its bytes, for a fragment of a text both. */
export interface MessageSink {
  /**
   * A message, or with `deliverFragments` a fragment of one.
   *
   * @param bytes the payload; undefined for a whole text
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
  /** The type of the message whose fragments are coming; undefined between messages. */
  private type: WebSocketMessageType | undefined = undefined;
  /** Largest message in one frame, in bytes, that is delivered whole; -1 where none is. */
  private readonly maxWholeLength: number;
  private isFinal = true;
  private frameLength = 0;
  private messageLength = 0;
  private fragmentCount = 0;
  private partialText: TextAssembly | undefined;
  private partialBytes: BytesAssembly | undefined;
  private readonly settings: ConnectionSettings;
  private readonly sink: MessageSink;

  constructor(settings: ConnectionSettings, sink: MessageSink) {
    this.settings = settings;
    this.sink = sink;
    this.maxWholeLength = settings.deliverFragments ? -1 : Math.min(settings.maxMessageBytes, maxFrameLength(settings));
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
    if (isFinal && this.type === undefined && opcode !== Opcode.Continuation && end - start <= this.maxWholeLength)
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
      if (this.type === undefined) return error(PROTOCOL, "A continuation frame came outside of a message.");
      this.fragmentCount++;
    } else {
      // RFC 6455, 5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another".
      if (this.type !== undefined) return error(PROTOCOL, "A new message began before the last one ended.");
      this.type = opcode === Opcode.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
      this.messageLength = 0;
      this.fragmentCount = 1;
    }
    this.isFinal = isFinal;
    this.frameLength = length;
    this.messageLength += length;
    return this.limitError(length);
  }

  /**
   * The next payload bytes of the data frame; `isEnd` with its last ones.
   *
   * @returns the error that fails the connection, if there is one
   */
  payloadReceived(bytes: Uint8Array, isEnd: boolean): ProtocolError | undefined {
    if (this.settings.deliverFragments) return this.addToFragment(bytes, isEnd);
    const isLast = isEnd && this.isFinal;
    return this.type === WebSocketMessageType.Text ? this.addToText(bytes, isLast) : this.addToBinary(bytes, isLast);
  }

  private limitError(length: number): ProtocolError | undefined {
    const { maxMessageBytes, maxFragments, deliverFragments } = this.settings;
    const maxFrame = maxFrameLength(this.settings);
    if (length > maxFrame)
      return error(TOO_BIG, `A frame announces ${length} bytes; maxReceiveFrameSize allows ${maxFrame}.`);
    if (deliverFragments) return undefined;
    if (this.messageLength > maxMessageBytes)
      return error(TOO_BIG, `A message has ${this.messageLength} bytes; maxMessageBytes allows ${maxMessageBytes}.`);
    if (maxFragments !== 0 && this.fragmentCount > maxFragments)
      return error(POLICY, `A message has over ${maxFragments} fragments, which is what maxFragments allows.`);
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

  private addToText(bytes: Uint8Array, isLast: boolean): ProtocolError | undefined {
    const partial = (this.partialText ??= new TextAssembly());
    try {
      partial.append(bytes, isLast);
    } catch (cause) {
      return textError(cause);
    }
    if (!isLast) return undefined;
    this.endMessage();
    this.sink.messageReceived(WebSocketMessageType.Text, undefined, partial.take(), FragmentationType.NotFragmented);
    return undefined;
  }

  private addToBinary(bytes: Uint8Array, isLast: boolean): ProtocolError | undefined {
    const whole = this.collect(bytes, isLast);
    if (whole === undefined) return undefined;
    this.endMessage();
    this.sink.messageReceived(WebSocketMessageType.Binary, whole, undefined, FragmentationType.NotFragmented);
    return undefined;
  }

  private addToFragment(bytes: Uint8Array, isEnd: boolean): ProtocolError | undefined {
    const type = this.type ?? WebSocketMessageType.Binary;
    const partial = type === WebSocketMessageType.Text ? (this.partialText ??= new TextAssembly()) : undefined;
    try {
      partial?.append(bytes, isEnd && this.isFinal);
    } catch (cause) {
      return textError(cause);
    }
    const whole = this.collect(bytes, isEnd);
    if (whole === undefined) return undefined;
    const text = partial?.take();
    const fragmentation = this.fragmentation();
    if (this.isFinal) this.endMessage();
    this.sink.messageReceived(type, whole, text, fragmentation);
    return undefined;
  }

  /** @returns all bytes since the last call that returned some, copied once; undefined until the last piece */
  private collect(bytes: Uint8Array, isLast: boolean): Uint8Array | undefined {
    if (isLast && this.partialBytes === undefined) return bytes.slice();
    const partial = (this.partialBytes ??= new BytesAssembly(this.frameLength));
    partial.append(bytes);
    if (!isLast) return undefined;
    this.partialBytes = undefined;
    return partial.take();
  }

  private fragmentation(): FragmentationType {
    if (this.fragmentCount === 1)
      return this.isFinal ? FragmentationType.NotFragmented : FragmentationType.FirstFragment;
    return this.isFinal ? FragmentationType.FinalFragment : FragmentationType.Fragment;
  }

  private endMessage(): void {
    this.type = undefined;
    this.partialText = undefined;
    this.partialBytes = undefined;
  }
}

function maxFrameLength(settings: ConnectionSettings): number {
  return settings.maxReceiveFrameSize === 0 ? settings.maxMessageBytes : settings.maxReceiveFrameSize;
}

const PROTOCOL = WebSocketCloseStatus.ProtocolError;
const POLICY = WebSocketCloseStatus.PolicyViolation;
const TOO_BIG = WebSocketCloseStatus.MessageTooBig;

function error(status: WebSocketCloseStatus, message: string): ProtocolError {
  return new ProtocolError(status, message);
}

/** RFC 6455, 8.1: a byte stream that is not valid UTF-8 fails the connection. */
function textError(cause: unknown): ProtocolError {
  return new ProtocolError(WebSocketCloseStatus.InvalidPayloadData, "A text message is not valid UTF-8.", { cause });
}
