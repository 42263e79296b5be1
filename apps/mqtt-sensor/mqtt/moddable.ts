/** `#mqtt` on XS, by the SDK's own MQTT client for ECMA-419. */

import SdkClient from "embedded:network/mqtt/client";
import { describeRefusal, KEEP_ALIVE_MS, MAX_TEXT_BYTES } from "./mqtt.js";
import type { Connect, MqttConnection, Socket, SocketHandlers, SocketOptions } from "./mqtt.js";

/** What the SDK's client is given, and does: its typings are not what its source is. */
interface ClientOptions {
  readonly onControl: (message: { readonly operation: number }) => void;
  readonly onReadable: (count: number, options: { readonly topic?: string; readonly more: boolean }) => void;
  readonly onError: () => void;
  readonly [option: string]: unknown;
}

interface Client {
  read(count: number): ArrayBuffer;
  write(data: ArrayBuffer | null, options: object): number;
  close(): void;
}

interface ClientClass {
  readonly CONNACK: number;
  readonly SUBSCRIBE: number;
  readonly DISCONNECT: number;
  new (options: ClientOptions): Client;
}

const MQTTClient = SdkClient as unknown as ClientClass;

/** A message that comes in pieces. */
interface Incoming {
  readonly topic: string;
  text: ArrayBuffer;
}

/** MQTT 3.1.1, 3.2: the broker's first packet, of four bytes; the last one says whether it lets the client in. */
const CONNACK_BYTES = 4;

/** Tells why a connection has ended, which the SDK's client keeps to itself. */
function watched({ io }: SocketOptions, tell: (reason: string) => void): SocketOptions["io"] {
  let bytesRead = 0;
  return class extends io {
    constructor(options: SocketHandlers) {
      const onError = (error: Error): void => {
        tell(error.message);
        options.onError(error);
      };
      try {
        super({ ...options, onError });
      } catch (error) {
        tell(String(error));
        throw error;
      }
    }

    override read(...target: Parameters<Socket["read"]>): ReturnType<Socket["read"]> {
      const result = super.read(...target);
      // Packets are read byte by byte, all but what is published.
      if (bytesRead < CONNACK_BYTES && ++bytesRead === CONNACK_BYTES && typeof result === "number" && result !== 0)
        tell(describeRefusal(result));
      return result;
    }
  };
}

export const connect: Connect = (options) => {
  const { id, user = "", password = "", will, socket, dns, host, port } = options;
  let isConnected = false;
  let incoming: Incoming | undefined;
  let why = "The connection is lost.";
  const io = watched(socket, (reason) => (why = reason));
  const client = new MQTTClient({
    ...{ id, host, port, dns, socket: { ...socket, io }, keepAlive: KEEP_ALIVE_MS },
    clean: options.isSessionKept !== true,
    will: { topic: will.topic, message: will.text, retain: true },
    ...(user === "" ? {} : { user, password }),
    onControl({ operation }) {
      if (operation !== MQTTClient.CONNACK) return;
      isConnected = true;
      options.onConnected(connection);
    },
    onReadable(count, { topic, more }) {
      const piece = client.read(count);
      if (topic !== undefined) incoming = { topic, text: new ArrayBuffer(0) };
      if (incoming === undefined) return;
      if (incoming.text.byteLength + count > MAX_TEXT_BYTES) incoming = undefined;
      else incoming.text = incoming.text.concat(piece);
      if (more || incoming === undefined) return;
      const { topic: from, text } = incoming;
      incoming = undefined;
      options.onMessage(from, textOf(text));
    },
    // The client closes itself.
    onError() {
      isConnected = false;
      options.onClosed(why);
    },
  });
  const write = (data: ArrayBuffer | null, about: object): boolean => {
    if (!isConnected) return false;
    try {
      client.write(data, about);
      return true;
    } catch {
      // It has no room for the whole of it, and has written nothing.
      return false;
    }
  };
  const connection: MqttConnection = {
    subscribe: (topic, quality = 1) =>
      void write(null, { operation: MQTTClient.SUBSCRIBE, items: [{ topic, QoS: quality }] }),
    publish: (topic, text, { isRetained = false, quality = 0 } = {}) =>
      write(ArrayBuffer.fromString(text), { topic, QoS: quality, retain: isRetained }),
    close() {
      write(null, { operation: MQTTClient.DISCONNECT });
      isConnected = false;
      client.close();
    },
  };
  return connection;
};

/** "" for what is no UTF-8. */
function textOf(bytes: ArrayBuffer): string {
  try {
    return String.fromArrayBuffer(bytes);
  } catch {
    return "";
  }
}
