/** A message that comes in pieces, and the limits that it has to keep (RFC 6455, 5.4). */

import type { MessageInflater } from "#platform";
import { BytesAssembly, TextAssembly } from "./assembly.js";
import { FragmentationType, WebSocketCloseStatus, WebSocketMessageType } from "../common/constants.js";
import { ProtocolError } from "../common/errors.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";

/** A message whose frames, or whose frame's payload, come in pieces. */
export class PartialMessage {
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
export function maxFrameLength(settings: ConnectionSettings): number {
  return settings.maxReceiveFrameSize === 0 ? settings.maxMessageBytes : settings.maxReceiveFrameSize;
}

/** The peer trickles a message, perhaps to keep its memory in use. */
export function messageTimeout({ messageTimeoutMs }: ConnectionSettings): ProtocolError {
  const message = `A message was not whole within ${messageTimeoutMs} ms (messageTimeoutMs).`;
  return new ProtocolError(WebSocketCloseStatus.PolicyViolation, message);
}

const TOO_BIG = WebSocketCloseStatus.MessageTooBig;
