/**
 * The messages of SignalR's hub protocol, and what an encoding of them fulfils. Source: "SignalR Hub Protocol",
 * https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md
 */

/** The type of a hub message. */
export const MessageType = Object.freeze({
  Invocation: 1,
  StreamItem: 2,
  Completion: 3,
  StreamInvocation: 4,
  CancelInvocation: 5,
  Ping: 6,
  Close: 7,
} as const);
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Calls a method. Without `invocationId` no answer is wanted. */
export interface InvocationMessage {
  /** 1. */
  readonly type: typeof MessageType.Invocation;
  /** The number of the call, which its answer has; without it none is wanted. */
  readonly invocationId?: string;
  /** The method's name. */
  readonly target: string;
  /** What it is called with. */
  readonly arguments: readonly unknown[];
  /** The ids of streams that the caller sends to the method. */
  readonly streamIds?: readonly string[];
}

/** One item of a stream. */
export interface StreamItemMessage {
  /** 2. */
  readonly type: typeof MessageType.StreamItem;
  /** The stream that it belongs to. */
  readonly invocationId: string;
  /** The value. */
  readonly item: unknown;
}

/** The end of a call or of a stream: with `error` it failed, with `result` it has one, else it has none. */
export interface CompletionMessage {
  /** 3. */
  readonly type: typeof MessageType.Completion;
  /** The call or stream that ends. */
  readonly invocationId: string;
  /** What the method returned. */
  readonly result?: unknown;
  /** Why it failed. */
  readonly error?: string;
}

/** Calls a method whose result is a stream. */
export interface StreamInvocationMessage {
  /** 4. */
  readonly type: typeof MessageType.StreamInvocation;
  /** The number of the stream, which its items have. */
  readonly invocationId: string;
  /** The method's name. */
  readonly target: string;
  /** What it is called with. */
  readonly arguments: readonly unknown[];
  /** The ids of streams that the caller sends to the method. */
  readonly streamIds?: readonly string[];
}

/** Asks that a stream ends. */
export interface CancelInvocationMessage {
  /** 5. */
  readonly type: typeof MessageType.CancelInvocation;
  /** The stream that is to end. */
  readonly invocationId: string;
}

/** Says that the sender is there. */
export interface PingMessage {
  /** 6. */
  readonly type: typeof MessageType.Ping;
}

/** Says that the sender closes the connection. */
export interface CloseMessage {
  /** 7. */
  readonly type: typeof MessageType.Close;
  /** Why, where something went wrong. */
  readonly error?: string;
  /** Whether a client that can may connect again. */
  readonly allowReconnect?: boolean;
}

/** Any message. */
export type HubMessage =
  | InvocationMessage
  | StreamItemMessage
  | CompletionMessage
  | StreamInvocationMessage
  | CancelInvocationMessage
  | PingMessage
  | CloseMessage;

/** What the records of a peer may have, beside their length. */
export interface RecordLimits {
  /** How many values a record may have: items of arrays and fields of objects; 0: any number. */
  readonly maximumValues: number;
  /** Is to be asked for each name of a field before there is a value with it; undefined: any names. */
  readonly names?: { admit(name: string): boolean } | undefined;
}

/** Reads the messages of one connection. */
export interface HubMessageReader {
  /**
   * Takes the payload of one WebSocket message, or of a fragment of one.
   *
   * @param data a payload: a text or bytes, as `transferFormat` says
   * @param received called for each hub message that is whole by now, with the length of its record, or what it takes
   *   in memory where that is more
   * @param mayContinue to be asked behind each: where it says no, the rest is not read
   * @returns what was not read: it is given to `read` again, before all else
   * @throws HubProtocolError at the first that is not one; those before it were delivered
   */
  read(
    data: string | Uint8Array,
    received: (message: HubMessage, length: number) => void,
    mayContinue?: () => boolean,
  ): string | Uint8Array | undefined;
}

/** An encoding of hub messages. It has no state: that of a connection is in its reader. */
export interface HubProtocol {
  /** The name in the handshake, such as "json". */
  readonly name: string;
  /** The version in the handshake that a client asks for. */
  readonly version: number;
  /**
   * Asks whether a hub speaks another version with a client that wants it (.NET `IsVersionSupported`).
   *
   * @returns whether it does; unless given, it does not
   */
  isVersionSupported?(version: number): boolean;
  /** Which WebSocket messages carry it. */
  readonly transferFormat: "Text" | "Binary";
  /**
   * Makes a reader for one connection.
   *
   * @param maximumLength longest record: characters of a text, bytes of a binary one
   * @param limits what a record may have; without them anything that fits `maximumLength`
   * @returns the reader
   */
  createReader(maximumLength: number, limits?: RecordLimits): HubMessageReader;
  /**
   * Makes the payload of a WebSocket message with one hub message.
   *
   * @returns the payload
   * @throws TypeError for values that the encoding does not have
   */
  format(message: HubMessage): string | Uint8Array;
}
