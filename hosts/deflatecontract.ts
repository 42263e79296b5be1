/** permessage-deflate (RFC 7692) as a host has it, or has not. */

/** How a connection compresses its messages (RFC 7692, 7.1). Both sides say what they want, and the stricter wish holds. */
export interface PermessageDeflateOptions {
  /** True: the server forgets each message before it compresses the next: less is saved, and no memory is kept for it. */
  readonly serverNoContextTakeover?: boolean;
  /** True: the client does so. */
  readonly clientNoContextTakeover?: boolean;
  /** What the server may refer back to, as a power of two of bytes: 8 to 15. */
  readonly serverMaxWindowBits?: number;
  /** What the client may refer back to, as a power of two of bytes: 8 to 15. */
  readonly clientMaxWindowBits?: number;
  /** Messages of fewer bytes are sent as they are. */
  readonly threshold?: number;
  /** How hard it is tried, 1 (fast) to 9 (small). */
  readonly level?: number;
}

/** Compression among the options of a connection. */
export interface DeflateOption {
  /**
   * Whether messages are compressed where the peer can (permessage-deflate, RFC 7692), and how. Node.js only. Not together
   * with `deliverFragments`. `maxMessageBytes` counts what comes out.
   */
  readonly permessageDeflate?: boolean | PermessageDeflateOptions;
}

/** Of the settings of a connection, those that matter for it. */
export interface DeflateLimits {
  readonly maxMessageBytes: number;
  readonly deliverFragments: boolean;
}

/** The errors that it throws: the library's. */
export interface DeflateErrors {
  readonly OptionError: new (message: string) => Error;
  readonly ProtocolError: new (closeStatus: number, message: string) => Error;
}

/** A message that was compressed. */
export interface DeflatedMessage {
  readonly bytes: Uint8Array;
  /** That of its first frame: with RSV1 (RFC 7692, 6). */
  readonly opcode: number;
  /** It is on its way: later messages may refer to it. @returns true */
  sent(): true;
}

/** Collects a compressed message, and inflates it when it is whole. */
export interface MessageInflater {
  /**
   * The next bytes of the message.
   *
   * @returns with the last ones the message, before none
   * @throws ProtocolError: 1007 where it is not what RFC 7692 says, 1009 beyond `maxMessageBytes`: no more is made of it
   */
  append(bytes: Uint8Array, isLast: boolean): Uint8Array;
}

/** Compresses and inflates the messages of one connection (RFC 7692, 7.2), each at once. Holds nothing that is to be freed. */
export interface MessageDeflater<Limits extends DeflateLimits = DeflateLimits> {
  /** What was agreed on, as in the header field. */
  readonly parameters: string;
  /** Those for compressed messages: they get a little longer where they cannot get shorter. */
  readonly limits: Limits;
  /** Compresses a message. @returns undefined where it is to be sent as it is: it is short, or would not get shorter */
  deflate(opcode: number, payload: Uint8Array | string): DeflatedMessage | undefined;
  /** The first byte of a frame, without RSV1 where that may be set: in the first frame of a message. */
  withoutRsv1(first: number): number;
  /** For a message that begins. */
  createInflater(): MessageInflater;
  /** The connection is over: what messages could refer to is forgotten, although the connection may still be referred to. */
  stop(): void;
}

/** permessage-deflate with an application's options. */
export interface DeflateExtension<Limits extends DeflateLimits = DeflateLimits> {
  /** What a client offers, for its Sec-WebSocket-Extensions. */
  readonly offer: string;
  /**
   * A server chooses among the offers of a client, the first that it can fulfil.
   *
   * @param offers the value of its Sec-WebSocket-Extensions
   * @returns undefined for none; the problem, as a text, where the field is not what RFC 6455, 9.1 says
   */
  agree(offers: string): MessageDeflater<Limits> | string | undefined;
  /** A client reads the answer to its offer, Sec-WebSocket-Extensions again. @returns the problem, as a text, if there is one */
  accept(answer: string): MessageDeflater<Limits> | string;
}

/**
 * Makes an extension of an option.
 *
 * @returns undefined where the option is left out, or false
 * @throws OptionError where it is wrong, or the host compresses nothing
 */
export type CreateDeflate = <Limits extends DeflateLimits>(
  option: DeflateOption["permessageDeflate"],
  limits: Limits,
  errors: DeflateErrors,
) => DeflateExtension<Limits> | undefined;
