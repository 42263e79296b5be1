/** This library, as a program on Node.js or on XS uses it. */

import { fromBase64 } from "#platform";
import { ClientWebSocket } from "xs-websockets/client";
import type { Program } from "./scenario.js";

export const ours: Program = ({ port, name, authority }, tell) => {
  const client = new ClientWebSocket({
    // The default is 16 KiB: a longer message closes with 1009.
    maxMessageBytes: 100_000,
    maxQueueBytes: 100_000,
    ...(name === undefined || authority === undefined ? {} : { serverName: name, certificate: fromBase64(authority) }),
    onMessageReceived: (_sender, { frame }) => tell(`text ${frame.text}`),
    onConnectionClosed: (_sender, { closeStatus, error }) => tell(`closed ${closeStatus} ${error?.code ?? ""}`),
  });
  client.connect(`${name === undefined ? "ws" : "wss"}://127.0.0.1:${port}/`).then(
    () => tell("open"),
    () => undefined,
  );
  return {
    send: (text) => client.sendString(text),
    waiting: () => client.bufferedAmount,
    close: () => client.abort(),
  };
};
