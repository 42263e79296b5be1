/** One connection of the hub protocol, whichever side it is: what comes is sorted, what goes is formatted. */

import { log } from "#platform";
import { OptionError, TimeoutError, type WebSocketError } from "../../common/errors.js";
import type { WebSocket } from "../../websocket/websocket.js";
import { HubException, HubProtocolError } from "../errors.js";
import {
  MessageType,
  type CloseMessage,
  type CompletionMessage,
  type HubMessage,
  type HubMessageReader,
  type HubProtocol,
  type InvocationMessage,
  type StreamInvocationMessage,
} from "../wire/messages.js";
import { Gate, type GateListener } from "./gate.js";
import { Heartbeat, type HeartbeatListener } from "./heartbeat.js";
import { IncomingStreams, type HubStream } from "./incoming.js";
import type { HubLinkSettings } from "./limits.js";
import { isAsyncIterable, OutgoingStreams, Pump, type OutgoingStream, type Sender } from "./outgoing.js";
import { logUnsent, Outbox, type OutboxListener } from "./outbox.js";
import { PendingInvocations } from "./pending.js";

/** What a link tells. */
export interface LinkListener {
  /** The peer calls a method, by a record of `length` characters. */
  invocationReceived(message: InvocationMessage | StreamInvocationMessage, length: number): void;
  /** The peer wants no more of a stream. */
  cancelReceived(invocationId: string): void;
  /** The peer closes. */
  closeReceived(message: CloseMessage): void;
  /** The peer broke the protocol, or is silent. The link is to be ended. */
  linkFailed(error: WebSocketError): void;
}

/** In what the two sides of a connection differ. */
export interface LinkSide {
  /** Milliseconds that the peer may be silent; 0: for ever. */
  readonly timeout: number;
  /**
   * What the ids of this side's calls begin with. A Completion has nothing but an id: it ends a call of the receiver's, or
   * a stream of the sender's, and each side numbers its own. So a hub's are other than those that clients count.
   */
  readonly idPrefix: "" | "s";
}

/** A link whose handshake is done. Made anew for each connection. */
export class HubLink implements GateListener, HeartbeatListener, OutboxListener, Sender {
  /** The way in. */
  readonly gate: Gate;
  /** The calls to the peer that wait for their answer. */
  readonly pending: PendingInvocations;
  /** The streams that come. */
  readonly incoming: IncomingStreams;
  /** The streams that go. */
  readonly outgoing: OutgoingStreams;
  private readonly protocol: HubProtocol;
  private readonly side: LinkSide;
  private readonly listener: LinkListener;
  private readonly reader: HubMessageReader;
  private readonly outbox: Outbox;
  private readonly heartbeat: Heartbeat;
  private nextId = 0;

  constructor(
    webSocket: WebSocket,
    protocol: HubProtocol,
    settings: HubLinkSettings,
    side: LinkSide,
    listener: LinkListener,
  ) {
    const { timeout } = side;
    const { maximumReceiveMessageSize, maximumReceiveValues: maximumValues, names, keepAliveInterval } = settings;
    this.protocol = protocol;
    this.side = side;
    this.listener = listener;
    this.reader = protocol.createReader(maximumReceiveMessageSize, { maximumValues, names });
    this.outbox = new Outbox(webSocket, settings, this);
    this.pending = new PendingInvocations(settings.maximumPendingInvocations);
    this.outgoing = new OutgoingStreams(this, settings.maximumStreams);
    this.heartbeat = new Heartbeat({ keepAliveInterval, timeout }, this);
    this.gate = new Gate(webSocket, this.heartbeat, this);
    this.incoming = new IncomingStreams(settings, this.gate);
    this.heartbeat.start();
  }

  /** Takes the payload of a WebSocket message, or of a fragment of one. */
  receive(data: string | Uint8Array): void {
    if (this.gate.isOver) return;
    this.heartbeat.received();
    this.gate.receive(data);
  }

  read(data: string | Uint8Array): string | Uint8Array | undefined {
    try {
      return this.reader.read(
        data,
        (message, length) => {
          if (!this.gate.isOver) this.dispatch(message, length);
        },
        () => !this.gate.isShut,
      );
    } catch (error) {
      if (!(error instanceof HubProtocolError)) throw error;
      this.fail(error);
      return undefined;
    }
  }

  readFailed(cause: unknown): void {
    this.fail(new HubProtocolError("A message could not be handled.", { cause }));
  }

  pingDue(): void {
    this.trySend({ type: MessageType.Ping });
  }

  peerSilent(timeout: number): void {
    this.fail(new TimeoutError(`Nothing came from the peer for ${timeout} ms.`));
  }

  /** @throws OptionError for a value that the protocol cannot express */
  format(message: HubMessage): string | Uint8Array {
    return formatMessage(this.protocol, message);
  }

  async send(message: HubMessage): Promise<void> {
    await this.sendData(this.format(message));
  }

  /** Sends what `format` gave. */
  sendData(data: string | Uint8Array): Promise<void> {
    this.heartbeat.sent();
    return this.outbox.send(data);
  }

  get isBusy(): boolean {
    return this.outbox.isBusy;
  }

  idle(): Promise<void> {
    return this.outbox.idle();
  }

  offer(message: HubMessage): boolean {
    const isSent = this.outbox.trySend(this.format(message));
    if (isSent) this.heartbeat.sent();
    return isSent;
  }

  /** A peer that asks for more than it reads would fill the memory: it is not heard until it reads, or is given up. */
  answersWait(): void {
    this.gate.hold(true);
  }

  answersSent(): void {
    this.gate.release(true);
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

  /** Sends that a call has failed, or the end of a stream. Where the connection is over, nobody waits for it. */
  complete(invocationId: string, outcome: { readonly error?: string }): void {
    try {
      this.outbox.answer(this.format({ type: MessageType.Completion, invocationId, ...outcome }));
      this.heartbeat.sent();
    } catch (error) {
      const isTooLong = error instanceof OptionError && outcome.error !== undefined && outcome.error !== TOO_LONG;
      if (!isTooLong) return logUnsent(error);
      log("What the peer is to be told of an error is too long.", error);
      this.complete(invocationId, { error: TOO_LONG });
    }
  }

  /** Calls a method of the peer without an answer. */
  async sendCall(target: string, values: readonly unknown[]): Promise<void> {
    const { plain, uploads } = this.split(values);
    await this.send({ type: MessageType.Invocation, target, arguments: plain, ...idsOf(uploads.streams) });
    uploads.start();
  }

  /**
   * Calls a method of the peer.
   *
   * @returns its result. Rejects with HubException where it fails there, TimeoutError, HubClosedError
   */
  async call(target: string, values: readonly unknown[], timeoutMs: number): Promise<unknown> {
    const call = this.prepare(MessageType.Invocation, target, values);
    const result = this.pending.wait(call.invocationId, target, timeoutMs);
    this.begin(call, (error) => this.pending.fail(call.invocationId, error));
    try {
      return await result;
    } finally {
      call.uploads.stop();
    }
  }

  /** Calls a method of the peer whose result is a stream. */
  stream(target: string, values: readonly unknown[]): HubStream {
    const call = this.prepare(MessageType.StreamInvocation, target, values);
    const { invocationId } = call;
    const stream = this.incoming.open(invocationId, (isByPeer) => {
      call.uploads.stop();
      if (!isByPeer) this.send({ type: MessageType.CancelInvocation, invocationId }).catch(logUnsent);
    });
    this.begin(call, (error) => this.incoming.fail(invocationId, error));
    return stream;
  }

  /** Frees everything: what waits fails with `error`. May be called again. */
  end(error: WebSocketError): void {
    if (this.gate.isOver) return;
    this.gate.end();
    this.heartbeat.stop();
    this.outbox.end(error);
    this.pending.failAll(error);
    this.incoming.end(error);
    this.outgoing.end();
  }

  private fail(error: WebSocketError): void {
    if (!this.gate.isOver) this.listener.linkFailed(error);
  }

  private dispatch(message: HubMessage, length: number): void {
    switch (message.type) {
      case MessageType.Invocation:
      case MessageType.StreamInvocation:
        return this.listener.invocationReceived(message, length);
      case MessageType.StreamItem:
        return this.incoming.receive(message.invocationId, message.item, length);
      case MessageType.Completion:
        return this.completionReceived(message);
      case MessageType.CancelInvocation:
        return this.listener.cancelReceived(message.invocationId);
      case MessageType.Close:
        return this.listener.closeReceived(message);
      case MessageType.Ping:
    }
  }

  private completionReceived({ invocationId, error, result }: CompletionMessage): void {
    const failure = error === undefined ? undefined : new HubException(error);
    if (this.incoming.complete(invocationId, failure)) return;
    if (failure === undefined) this.pending.complete(invocationId, result);
    else this.pending.fail(invocationId, failure);
  }

  /** @throws OptionError, InvalidStateError where it cannot be sent */
  private prepare(
    type: typeof MessageType.Invocation | typeof MessageType.StreamInvocation,
    target: string,
    values: readonly unknown[],
  ): PreparedCall {
    const { plain, uploads } = this.split(values);
    const invocationId = this.newId();
    const message = { type, invocationId, target, arguments: plain, ...idsOf(uploads.streams) };
    return { invocationId, uploads, data: this.format(message) };
  }

  private begin({ data, uploads }: PreparedCall, failed: (error: Error) => void): void {
    this.sendData(data).then(
      () => uploads.start(),
      (error: unknown) => failed(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Streams among the arguments are not sent with them, but beside them. */
  private split(values: readonly unknown[]): { readonly plain: unknown[]; readonly uploads: Uploads } {
    const streams = values.filter(isAsyncIterable).map((items) => ({ id: this.newId(), items }));
    this.outgoing.check(streams.length);
    return { plain: values.filter((value) => !isAsyncIterable(value)), uploads: new Uploads(this, streams) };
  }

  private newId(): string {
    return `${this.side.idPrefix}${this.nextId++}`;
  }
}

/** In the place of an error whose text has no room in the queue: whoever waits is to be told that it waits in vain. */
const TOO_LONG = "It failed, and the error is too long to be told.";

interface PreparedCall {
  readonly invocationId: string;
  readonly data: string | Uint8Array;
  readonly uploads: Uploads;
}

/** The streams that a call of ours sends: not before it is sent itself, and no longer than it lasts. */
class Uploads {
  readonly streams: readonly OutgoingStream[];
  private readonly link: HubLink;
  private pumps: Pump[] = [];
  private isStopped = false;

  constructor(link: HubLink, streams: readonly OutgoingStream[]) {
    this.link = link;
    this.streams = streams;
  }

  start(): void {
    if (this.isStopped || this.link.gate.isOver) return;
    this.pumps = this.streams.map(
      (stream) =>
        new Pump(this.link.outgoing, stream, (error) => {
          this.link.complete(stream.id, error === undefined ? {} : { error: messageOf(error) });
        }),
    );
  }

  stop(): void {
    this.isStopped = true;
    for (const pump of this.pumps) pump.stop();
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

/** The text of an error of whatever type. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === "" ? "Unknown error." : text;
}
