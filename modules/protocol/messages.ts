/** Frames to messages (RFC 6455, 5.4 to 5.6): whole ones under a limit, or each fragment as it comes; and to control frames. */

import { copyBytes, decodeUtf8, xorMask, type MessageInflater } from "#platform";
import { BytesAssembly, TextAssembly } from "./assembly.js";
import {
  CONTROL_BIT,
  FragmentationType,
  MASK_BYTES,
  Opcode,
  OPCODE_BITS,
  Role,
  WebSocketCloseStatus,
  WebSocketMessageType,
} from "../common/constants.js";
import { ProtocolError } from "../common/errors.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";
import type { FrameListener } from "./framereader.js";

/** Who is told of messages. */
export interface MessageListener {
  /**
   * A message, or with `deliverFragments` a fragment of one.
   *
   * @param payload a text, or bytes. Of a fragment of a text: the characters that are complete by its end
   * @param textBytes the bytes of a fragment of a text
   */
  messageReceived(payload: Uint8Array | string, fragmentation: FragmentationType, textBytes?: Uint8Array): void;
}

/** Who is told of all else: the protocol. */
export interface FrameOwner {
  /** Of messages. */
  readonly listener: MessageListener;
  /** A control frame came whole. */
  controlReceived(opcode: Opcode, payload: Uint8Array): void;
  /** The peer broke a rule: the connection is to be failed. */
  failNow(error: ProtocolError): void;
}

/** Reads the messages and control frames of one connection. */
export class MessageReader implements FrameListener {
  /** The side of the reader: a server's messages are masked. */
  readonly role: Role;
  readonly settings: AgreedSettings;
  /** Largest message in one frame, in bytes. */
  private readonly maxWholeLength: number;
  private readonly owner: FrameOwner;
  /** The message whose frames, or whose frame's payload, come in pieces. */
  current: PartialMessage | undefined = undefined;
  /** The control frame that comes in pieces. Declared, so that it takes no memory of an idle connection. */
  declare private control?: { readonly opcode: Opcode; readonly payload: BytesAssembly } | undefined;

  constructor(role: Role, settings: AgreedSettings, owner: FrameOwner) {
    this.role = role;
    this.settings = settings;
    this.owner = owner;
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

  /** Forgets what comes in pieces. */
  clear(): void {
    this.current = undefined;
    this.control = undefined;
  }

  frameReceived(opcode: Opcode, isFinal: boolean, chunk: Uint8Array, start: number, end: number): void {
    const isMasked = this.role === Role.Server;
    const isStart = opcode === Opcode.Text || opcode === Opcode.Binary;
    // A message in one frame, which most are, changes no state.
    if (!isFinal || this.current !== undefined || !isStart || end - start > this.maxWholeLength) {
      if (isMasked) xorMask(chunk, start, end, chunk, start - MASK_BYTES);
      return this.partReceived(opcode, isFinal, chunk.subarray(start, end));
    }
    let payload: Uint8Array | string;
    try {
      payload =
        opcode === Opcode.Text ? decodeUtf8(chunk, start, end, isMasked) : copyBytes(chunk, start, end, isMasked);
    } catch (cause) {
      return this.frameRefused(textError(cause));
    }
    this.owner.listener.messageReceived(payload, FragmentationType.NotFragmented);
  }

  /** Nothing is allocated for a frame before its length has met the limits. */
  frameStarted(opcode: Opcode, isFinal: boolean, length: number): void {
    if ((opcode & CONTROL_BIT) !== 0) {
      this.control = { opcode, payload: new BytesAssembly(length) };
      return;
    }
    const error = this.startData(opcode, isFinal, length);
    if (error !== undefined) this.frameRefused(error);
  }

  payloadReceived(bytes: Uint8Array, isEnd: boolean): void {
    const { control } = this;
    if (control === undefined) return this.dataReceived(bytes, isEnd);
    control.payload.append(bytes);
    if (!isEnd) return;
    this.control = undefined;
    this.owner.controlReceived(control.opcode, control.payload.take());
  }

  frameRefused(error: ProtocolError): void {
    this.owner.failNow(error);
  }

  /** A frame came whole that is no whole message. */
  private partReceived(opcode: Opcode, isFinal: boolean, payload: Uint8Array): void {
    if ((opcode & CONTROL_BIT) !== 0) return this.owner.controlReceived(opcode, payload);
    const error = this.startData(opcode, isFinal, payload.length);
    if (error === undefined) this.dataReceived(payload, true);
    else this.frameRefused(error);
  }

  /** @returns the error that fails the connection, if there is one */
  private startData(opcode: Opcode, isFinal: boolean, length: number): ProtocolError | undefined {
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

  private dataReceived(bytes: Uint8Array, isEnd: boolean): void {
    const { current } = this;
    const { deliverFragments, deliversPieces } = this.settings;
    if (current === undefined) return;
    if (deliversPieces === true) {
      if (isEnd && current.isFinal) this.current = undefined;
      // Its text is not decoded: whoever wants bytes takes none.
      const payload = current.type === WebSocketMessageType.Text ? "" : bytes;
      return this.owner.listener.messageReceived(payload, FragmentationType.Fragment);
    }
    try {
      current.append(bytes, isEnd);
    } catch (cause) {
      return this.frameRefused(textError(cause));
    }
    if (!isEnd || !(current.isFinal || deliverFragments)) return;
    const fragmentation = deliverFragments ? current.fragmentation : FragmentationType.NotFragmented;
    if (current.isFinal) this.current = undefined;
    const content = current.takeBytes();
    const payload = current.takeText() ?? content ?? new Uint8Array(0);
    this.owner.listener.messageReceived(payload, fragmentation, content);
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

/** A message whose frames, or whose frame's payload, come in pieces. */
class PartialMessage {
  readonly type: WebSocketMessageType;
  /** When it has to be whole; undefined until its reader sets it, and again at each frame with `deliverFragments`. */
  deadline: number | undefined = undefined;
  /** Whether the frame that is coming is the last one. */
  isFinal = false;
  private frameLength = 0;
  private messageLength = 0;
  private fragmentCount = 0;
  private bytes: BytesAssembly | undefined = undefined;
  private readonly text: TextAssembly | undefined;
  private readonly settings: AgreedSettings;
  /** Where it is compressed. Declared, so that it takes no memory where it is not. */
  declare private readonly inflater?: MessageInflater;

  constructor(type: WebSocketMessageType, settings: AgreedSettings, inflater?: MessageInflater) {
    this.type = type;
    this.settings = settings;
    if (inflater !== undefined) this.inflater = inflater;
    this.text = type === WebSocketMessageType.Text ? new TextAssembly() : undefined;
  }

  /** Which part of the message the present frame is. */
  get fragmentation(): FragmentationType {
    if (this.fragmentCount === 1)
      return this.isFinal ? FragmentationType.NotFragmented : FragmentationType.FirstFragment;
    return this.isFinal ? FragmentationType.FinalFragment : FragmentationType.Fragment;
  }

  /**
   * A frame of the message begins.
   *
   * @returns the error that fails the connection, where a limit is not kept
   */
  startFrame(isFinal: boolean, length: number): ProtocolError | undefined {
    this.isFinal = isFinal;
    this.frameLength = length;
    this.messageLength += length;
    this.fragmentCount++;
    const { maxMessageBytes, maxFragments, deliverFragments, deliversPieces = false } = this.settings;
    if (deliversPieces) return undefined;
    const maxFrame = maxFrameLength(this.settings);
    if (length > maxFrame) {
      const option = this.settings.maxReceiveFrameSize === 0 ? "maxMessageBytes" : "maxReceiveFrameSize";
      return new ProtocolError(TOO_BIG, `A frame announces ${length} bytes; ${option} allows ${maxFrame}.`);
    }
    if (deliverFragments) {
      this.deadline = undefined;
      return undefined;
    }
    if (this.messageLength > maxMessageBytes) {
      const message = `A message has ${this.messageLength} bytes; maxMessageBytes allows ${maxMessageBytes}.`;
      return new ProtocolError(TOO_BIG, message);
    }
    if (maxFragments !== 0 && this.fragmentCount > maxFragments) {
      const message = `A message has over ${maxFragments} fragments, which is what maxFragments allows.`;
      return new ProtocolError(WebSocketCloseStatus.PolicyViolation, message);
    }
    return undefined;
  }

  /**
   * The next payload bytes of the frame; `isEnd` with its last ones.
   *
   * @throws TypeError where a text is not UTF-8; ProtocolError where a compressed message is not right
   */
  append(bytes: Uint8Array, isEnd: boolean): void {
    const isLast = isEnd && this.isFinal;
    const content = this.inflater?.append(bytes, isLast) ?? bytes;
    this.text?.append(content, isLast);
    if (this.text !== undefined && !this.isDeliveredInFragments) return;
    this.bytes ??= new BytesAssembly(this.inflater === undefined ? this.frameLength : 0);
    this.bytes.append(content);
  }

  private get isDeliveredInFragments(): boolean {
    return this.settings.deliverFragments && this.fragmentation !== FragmentationType.NotFragmented;
  }

  /** The bytes since they were last taken; undefined for a whole text. */
  takeBytes(): Uint8Array | undefined {
    const bytes = this.bytes?.take();
    this.bytes = undefined;
    return bytes;
  }

  /** The characters since they were last taken; undefined for binary. */
  takeText(): string | undefined {
    return this.text?.take();
  }
}

/** The largest payload of a frame that the settings allow, in bytes. */
function maxFrameLength(settings: ConnectionSettings): number {
  return settings.maxReceiveFrameSize === 0 ? settings.maxMessageBytes : settings.maxReceiveFrameSize;
}

/** The peer trickles a message, perhaps to keep its memory in use. */
export function messageTimeout({ messageTimeoutMs }: ConnectionSettings): ProtocolError {
  const message = `A message was not whole within ${messageTimeoutMs} ms (messageTimeoutMs).`;
  return new ProtocolError(WebSocketCloseStatus.PolicyViolation, message);
}

const TOO_BIG = WebSocketCloseStatus.MessageTooBig;
