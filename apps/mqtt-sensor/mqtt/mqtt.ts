/** A connection to an MQTT broker: all that the sample knows of MQTT. `#mqtt` is a module that exports `connect`. */

/** Makes a connection. It is used once: for the next attempt make another. */
export type Connect = (options: MqttOptions) => MqttConnection;

/** MQTT 3.1.1, 4.3: a message comes at most once (0), at least once (1), or exactly once (2). */
export type Quality = 0 | 1 | 2;

/** How a text is published. */
export interface PublishOptions {
  /** The broker keeps it, for those who subscribe later. */
  readonly isRetained?: boolean;
  /** 0 unless given. */
  readonly quality?: Quality;
}

/** Where the broker is, and who connects. */
export interface MqttOptions {
  readonly host: string;
  readonly port: number;
  /** The client's identifier: a broker ends the older of two connections with the same. */
  readonly id: string;
  /** User name and password; "" for none. */
  readonly user?: string;
  readonly password?: string;
  /** The broker keeps what was subscribed to, and what comes for it with quality 1 or 2, while the client is away. */
  readonly isSessionKept?: boolean;
  /** What the broker publishes for this client when it is gone without a word, retained. */
  readonly will: { readonly topic: string; readonly text: string };
  /** The class of the socket in the shape of ECMA-419's TCP, and what else it is given. */
  readonly socket: SocketOptions;
  /** What finds the address of the host, in the shape of ECMA-419's resolvers. */
  readonly dns: { readonly io: new () => object };
  /** The broker has accepted the connection. */
  readonly onConnected: (connection: MqttConnection) => void;
  /** A message came; one that is longer than MAX_TEXT_BYTES is left out. */
  readonly onMessage: (topic: string, text: string) => void;
  /** The connection is over, or could not be made. Called once, and not after `close`. */
  readonly onClosed: (reason: string) => void;
}

/** One connection. */
export interface MqttConnection {
  /** Asks for messages with a topic, which may have the wildcards of MQTT. @param quality 1 unless given */
  subscribe(topic: string, quality?: Quality): void;
  /**
   * Publishes a text.
   *
   * @returns whether it is on its way; false where there is no connection, or no room for it now
   */
  publish(topic: string, text: string, options?: PublishOptions): boolean;
  /** Says good-bye: the will is not published. */
  close(): void;
}

/** The longest message that is told. */
export const MAX_TEXT_BYTES = 8_192;

/** Milliseconds without a packet after which the broker is asked whether it is still there. */
export const KEEP_ALIVE_MS = 30_000;

/** What a socket of ECMA-419 is given, as far as it is used here. */
export interface SocketHandlers {
  readonly host: string;
  readonly port: number;
  readonly onReadable: (count: number) => void;
  readonly onWritable: (count: number) => void;
  readonly onError: (error: Error) => void;
}

/** A socket in the shape of ECMA-419's TCP. */
export interface Socket {
  read(target?: number | ArrayBufferView): ArrayBuffer | number | undefined;
  write(data: Uint8Array): number;
  close(): void;
}

export interface SocketOptions {
  readonly io: new (options: SocketHandlers) => Socket;
  readonly [option: string]: unknown;
}

/** MQTT 3.1.1, 3.2.2.3: the codes of a broker that refuses a client, from 1 on. */
const REFUSALS = Object.freeze([
  "it does not speak MQTT 3.1.1",
  "it does not take this id",
  "it cannot serve now",
  "the user name or the password is wrong",
  "this user name with this password may not connect",
]);

/** What a code says, for a person. */
export function describeRefusal(code: number): string {
  return `The broker refuses the connection: ${REFUSALS[code - 1] ?? `code ${code}`}.`;
}
