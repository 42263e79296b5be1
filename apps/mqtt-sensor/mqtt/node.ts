/** `#mqtt` on Node.js, by the npm package `mqtt`. */

import { MqttClient } from "mqtt";
import { describeRefusal, KEEP_ALIVE_MS, MAX_TEXT_BYTES, type Connect, type MqttConnection } from "./mqtt.js";
import { SocketStream } from "./socketstream.js";

export const connect: Connect = (options) => {
  const { host, port, id, user = "", password = "", will } = options;
  const client = new MqttClient(() => new SocketStream(options.socket, host, port), {
    clientId: id,
    clean: options.isSessionKept !== true,
    keepalive: KEEP_ALIVE_MS / 1_000,
    protocolVersion: 4,
    // The sample comes back by itself, with delays that grow.
    reconnectPeriod: 0,
    queueQoSZero: false,
    will: { topic: will.topic, payload: Buffer.from(will.text), qos: 0, retain: true },
    ...(user === "" ? {} : { username: user, password }),
  });
  const connection: MqttConnection = {
    subscribe(topic, quality = 1) {
      client.subscribe(topic, { qos: quality });
    },
    publish(topic, text, { isRetained = false, quality = 0 } = {}) {
      if (!client.connected || client.stream.writableNeedDrain) return false;
      client.publish(topic, text, { qos: quality, retain: isRetained });
      return true;
    },
    close() {
      isOver = true;
      client.end();
    },
  };
  let isOver = false;
  let reason = "The broker has closed the connection.";
  client.stream.on("error", (error: Error) => (reason = error.message));
  client.on("error", (error: Error & { readonly code?: unknown }) => {
    reason = typeof error.code === "number" ? describeRefusal(error.code) : error.message;
    // Some brokers leave it to the client to end a connection that they have refused.
    client.stream.destroy();
  });
  client.on("connect", () => options.onConnected(connection));
  client.on("message", (topic, payload) => {
    if (payload.length <= MAX_TEXT_BYTES) options.onMessage(topic, payload.toString());
  });
  client.on("close", () => {
    if (isOver) return;
    isOver = true;
    client.end(true);
    options.onClosed(reason);
  });
  return connection;
};
