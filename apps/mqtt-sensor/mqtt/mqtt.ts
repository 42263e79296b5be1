/** A connection to an MQTT broker: all that the sample knows of MQTT. `#mqtt` is a module that exports `connect`. */

/** Makes a connection. It is used once: for the next attempt make another. */
export type Connect = (options: MqttOptions) => MqttConnection;

/** Where the broker is, and who connects. */
export interface MqttOptions {
  readonly host: string;
  readonly port: number;
  /** The client's identifier: a broker ends the older of two connections with the same. */
  readonly id: string;
  /** User name and password; "" for none. */
  readonly user?: string;
  readonly password?: string;
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
  /** Asks for messages with a topic, which may have the wildcards of MQTT, with quality of service 1. */
  subscribe(topic: string): void;
  /**
   * Publishes a text with quality of service 0: it is told to those who are there, or lost.
   *
   * @param isRetained the broker keeps it, for those who subscribe later
   * @returns whether it is on its way; false where there is no connection, or no room for it now
   */
  publish(topic: string, text: string, isRetained?: boolean): boolean;
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
  read(): ArrayBuffer | number | undefined;
  write(data: Uint8Array): number;
  close(): void;
}

export interface SocketOptions {
  readonly io: new (options: SocketHandlers) => Socket;
  readonly [option: string]: unknown;
}
