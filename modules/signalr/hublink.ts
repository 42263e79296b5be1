/** One connection of the hub protocol, whichever side it is: what comes is sorted, what goes is formatted. */

import { logError } from "../log.js";
import { WebSocketMessageType } from "../protocol/constants.js";
import { InvalidStateError, OptionError, TimeoutError, WebSocketError } from "../protocol/errors.js";
import type { MessageReceivedFrame, WebSocket } from "../websocket.js";
import type { CallQueueGate } from "./callqueue.js";
import { HubException, HubProtocolError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import {
  MessageType,
  type CloseMessage,
  type CompletionMessage,
  type HubMessage,
  type HubMessageReader,
  type HubProtocol,
  type InvocationMessage,
  type StreamInvocationMessage,
} from "./hubprotocol.js";
import { IncomingStreams, type StreamOver } from "./incomingstreams.js";
import { PendingInvocations } from "./invocations.js";
import type { HubLinkSettings } from "./linkoptions.js";
import { Outbox } from "./outbox.js";
import { isAsyncIterable, StreamPump, type HubStream } from "./streams.js";

/** Whom a link tells. */
export interface HubLinkEvents {
  /** The peer calls a method, by a record of `length` characters. */
  invocationReceived(message: InvocationMessage | StreamInvocationMessage, length: number): void;
  /** The peer wants no more of a stream. */
  cancelReceived(invocationId: string): void;
  /** The peer closes. */
  closeReceived(message: CloseMessage): void;
  /** The peer broke the protocol, or is silent. The link is to be ended. */
  linkFailed(error: WebSocketError): void;
}

/** A link whose handshake is done. Made anew for each connection. */
export class HubLink implements CallQueueGate {
  private readonly webSocket: WebSocket;
  private readonly protocol: HubProtocol;
  private readonly settings: HubLinkSettings;
  private readonly events: HubLinkEvents;
  private readonly reader: HubMessageReader;
  private readonly outbox: Outbox;
  private readonly heartbeat: Heartbeat;
  private readonly calls: PendingInvocations;
  private readonly incoming: IncomingStreams;
  private readonly pumps = new Set<StreamPump>();
  private nextId = 0;
  private holds = 0;
  /** Records that came and are not read before the link goes on: as a text they take less than as objects. */
  private unread: string | Uint8Array | undefined = undefined;
  private isOver = false;

  /** @param timeout milliseconds that the peer may be silent; 0: for ever */
  constructor(
    webSocket: WebSocket,
    protocol: HubProtocol,
    settings: HubLinkSettings,
    timeout: number,
    events: HubLinkEvents,
  ) {
    this.webSocket = webSocket;
    this.protocol = protocol;
    this.settings = settings;
    this.events = events;
    const { maximumReceiveMessageSize, maximumReceiveValues: maximumValues, names } = settings;
    this.reader = protocol.createReader(maximumReceiveMessageSize, { maximumValues, names });
    this.outbox = new Outbox(webSocket, settings.maximumWaitingSends);
    this.calls = new PendingInvocations(settings.maximumPendingInvocations);
    this.incoming = new IncomingStreams(settings, {
      pause: () => this.hold(),
      resume: () => this.release(),
    });
    this.heartbeat = new Heartbeat(
      { keepAliveInterval: settings.keepAliveInterval, timeout },
      {
        pingDue: () => this.trySend({ type: MessageType.Ping }),
        peerSilent: () => this.events.linkFailed(new TimeoutError(`Nothing came from the peer for ${timeout} ms.`)),
      },
    );
    this.heartbeat.start();
  }

  /** Whether a call to the peer waits for its answer. */
  get isAwaitingAnswer(): boolean {
    return this.calls.count > 0;
  }

  /** Reads nothing until `release` is called as often as this. The peer is not taken for silent meanwhile. */
  hold(): void {
    if (++this.holds > 1 || this.isOver) return;
    this.webSocket.pause();
    this.heartbeat.stopListening();
  }

  release(): void {
    if (--this.holds > 0) return;
    this.goOn().catch((cause: unknown) => {
      logError("What was received could not be handled; the connection is closed.", cause);
      this.fail(new HubProtocolError("A message could not be handled.", { cause }));
    });
  }

  private async goOn(): Promise<void> {
    // Not on the stack of the reader of a stream, which would get items while it takes one.
    await Promise.resolve();
    const { unread } = this;
    if (unread !== undefined && !this.isStopped) {
      this.unread = undefined;
      this.read(unread);
    }
    // What was read may have stopped it again.
    this.resume();
  }

  private resume(): void {
    if (this.isStopped) return;
    this.webSocket.resume();
    this.heartbeat.listen();
  }

  private get isStopped(): boolean {
    return this.isOver || this.holds > 0;
  }

  /** Takes the payload of a WebSocket message, or of a fragment of one. */
  receive(data: string | Uint8Array): void {
    if (this.isOver) return;
    this.heartbeat.received();
    this.read(data);
  }

  private read(data: string | Uint8Array): void {
    try {
      const rest = this.reader.read(
        data,
        (message, length) => {
          if (!this.isOver) this.dispatch(message, length);
        },
        () => !this.isStopped,
      );
      if (rest !== undefined && rest.length > 0 && !this.isOver) this.unread = rest;
    } catch (error) {
      if (!(error instanceof HubProtocolError)) throw error;
      this.fail(error);
    }
  }

  /** Sends a message, as soon as there is room. */
  async send(message: HubMessage): Promise<void> {
    await this.sendData(this.format(message));
  }

  /** Sends what `format` gave. */
  async sendData(data: string | Uint8Array): Promise<void> {
    this.heartbeat.sent();
    await this.outbox.send(data);
  }

  /** Sends a message if there is room now. @returns whether it is sent */
  trySend(message: HubMessage): boolean {
    return this.trySendData(this.format(message));
  }

  /** As `trySend`, for what `format` gave. */
  trySendData(data: string | Uint8Array): boolean {
    try {
      if (!this.outbox.trySend(data)) return false;
      this.heartbeat.sent();
      return true;
    } catch (error) {
      if (error instanceof OptionError) throw error;
      return false;
    }
  }

  /** @throws OptionError for a value that the protocol cannot express */
  format(message: HubMessage): string | Uint8Array {
    return formatMessage(this.protocol, message);
  }

  /** Calls a method of the peer without an answer. */
  async sendCall(target: string, values: readonly unknown[]): Promise<void> {
    const { plain, streams } = this.splitStreams(values);
    await this.send({ type: MessageType.Invocation, target, arguments: plain, ...idsOf(streams) });
    new Uploads(this, streams).start();
  }

  /**
   * Calls a method of the peer.
   *
   * @returns its result. Rejects with HubException where it fails there, TimeoutError, HubClosedError
   */
  async call(target: string, values: readonly unknown[], timeoutMs: number): Promise<unknown> {
    const { plain, streams } = this.splitStreams(values);
    const invocationId = this.newId();
    const type = MessageType.Invocation;
    const data = this.format({ type, invocationId, target, arguments: plain, ...idsOf(streams) });
    const result = this.calls.wait(invocationId, target, timeoutMs);
    const uploads = new Uploads(this, streams);
    this.sendData(data).then(
      () => uploads.start(),
      (error: unknown) => this.calls.fail(invocationId, asError(error)),
    );
    try {
      return await result;
    } finally {
      uploads.stop();
    }
  }

  /** Calls a method of the peer whose result is a stream. */
  stream(target: string, values: readonly unknown[]): HubStream {
    const { plain, streams } = this.splitStreams(values);
    const invocationId = this.newId();
    const type = MessageType.StreamInvocation;
    const data = this.format({ type, invocationId, target, arguments: plain, ...idsOf(streams) });
    const uploads = new Uploads(this, streams);
    const stream = this.openStream(invocationId, (isByPeer) => {
      uploads.stop();
      if (!isByPeer) this.send({ type: MessageType.CancelInvocation, invocationId }).catch(ignore);
    });
    this.sendData(data).then(
      () => uploads.start(),
      (error: unknown) => this.incoming.fail(invocationId, asError(error)),
    );
    return stream;
  }

  /**
   * Expects a stream of the peer's.
   *
   * @throws InvalidStateError where there are too many
   */
  openStream(id: string, over: StreamOver): HubStream {
    return this.incoming.open(id, over);
  }

  /** How many streams are sent. */
  get pumpCount(): number {
    return this.pumps.size;
  }

  /**
   * Sends a stream.
   *
   * @param done called when it is over, unless it was stopped: with what it failed
   */
  startPump(id: string, items: AsyncIterable<unknown>, done: (error?: unknown) => void): StreamPump {
    const pump = new StreamPump(items, {
      item: (item) => this.send({ type: MessageType.StreamItem, invocationId: id, item: item ?? null }),
      done: (error) => {
        this.pumps.delete(pump);
        done(error);
      },
    });
    this.pumps.add(pump);
    return pump;
  }

  stopPump(pump: StreamPump): void {
    this.pumps.delete(pump);
    pump.stop();
  }

  /** Frees everything: what waits fails with `error`. May be called again. */
  end(error: WebSocketError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.unread = undefined;
    this.heartbeat.stop();
    this.outbox.end(error);
    this.calls.failAll(error);
    this.incoming.end(error);
    for (const pump of [...this.pumps]) this.stopPump(pump);
  }

  private fail(error: WebSocketError): void {
    if (!this.isOver) this.events.linkFailed(error);
  }

  private dispatch(message: HubMessage, length: number): void {
    switch (message.type) {
      case MessageType.Invocation:
      case MessageType.StreamInvocation:
        return this.events.invocationReceived(message, length);
      case MessageType.StreamItem:
        return this.incoming.receive(message.invocationId, message.item, length);
      case MessageType.Completion:
        return this.completionReceived(message);
      case MessageType.CancelInvocation:
        return this.events.cancelReceived(message.invocationId);
      case MessageType.Close:
        return this.events.closeReceived(message);
      case MessageType.Ping:
    }
  }

  private completionReceived({ invocationId, error, result }: CompletionMessage): void {
    const failure = error === undefined ? undefined : new HubException(error);
    if (this.incoming.complete(invocationId, failure)) return;
    if (failure === undefined) this.calls.complete(invocationId, result);
    else this.calls.fail(invocationId, failure);
  }

  /** Streams among the arguments are not sent with them, but beside them. */
  private splitStreams(values: readonly unknown[]): { plain: unknown[]; streams: OutgoingStream[] } {
    const plain = values.filter((value) => !isAsyncIterable(value));
    const streams = values.filter(isAsyncIterable).map((items) => ({ id: this.newId(), items }));
    if (streams.length + this.pumps.size > this.settings.maximumStreams)
      throw new InvalidStateError(`There are ${this.settings.maximumStreams} streams already (maximumStreams).`);
    return { plain, streams };
  }

  /** Sends a stream that a call has named. */
  startUpload({ id, items }: OutgoingStream): StreamPump | undefined {
    if (this.isOver) return undefined;
    return this.startPump(id, items, (error) => {
      const outcome = error === undefined ? {} : { error: messageOf(error) };
      this.send({ type: MessageType.Completion, invocationId: id, ...outcome }).catch(ignore);
    });
  }

  private newId(): string {
    return String(this.nextId++);
  }
}

interface OutgoingStream {
  readonly id: string;
  readonly items: AsyncIterable<unknown>;
}

/** The streams that a call of ours sends: not before it is sent itself, and no longer than it lasts. */
class Uploads {
  private readonly link: HubLink;
  private readonly streams: readonly OutgoingStream[];
  private pumps: (StreamPump | undefined)[] = [];
  private isStopped = false;

  constructor(link: HubLink, streams: readonly OutgoingStream[]) {
    this.link = link;
    this.streams = streams;
  }

  start(): void {
    if (!this.isStopped) this.pumps = this.streams.map((stream) => this.link.startUpload(stream));
  }

  stop(): void {
    this.isStopped = true;
    for (const pump of this.pumps) if (pump !== undefined) this.link.stopPump(pump);
  }
}

function idsOf(streams: readonly OutgoingStream[]): { streamIds?: string[] } {
  return streams.length === 0 ? {} : { streamIds: streams.map(({ id }) => id) };
}

/** @throws OptionError for a value that the protocol cannot express */
export function formatMessage(protocol: HubProtocol, message: HubMessage): string | Uint8Array {
  try {
    return protocol.format(message);
  } catch (error) {
    throw new OptionError(`A value cannot be sent as ${protocol.name}: ${String(error)}`);
  }
}

/** The payload of a WebSocket message, as its reader takes it. */
export function payloadOf(frame: MessageReceivedFrame): string | Uint8Array {
  return frame.messageType === WebSocketMessageType.Text ? frame.text : frame.buffer;
}

/** The text of an error of whatever type. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === "" ? "Unknown error." : text;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** What could not be sent because the connection is over has nobody to tell. */
export function ignore(error: unknown): void {
  if (!(error instanceof WebSocketError)) logError("A message could not be sent.", error);
}
