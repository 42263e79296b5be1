/** The SDK's class WebSocket (examples/io/tcp/websocket, and what mcpack gives as the global), as a program uses it. */

import WebSocketClient from "embedded:network/websocket/client";
import WebSocket from "WebSocket";
import { optionsOf } from "./sdkclient";

// On boards the SDK's configuration has set this before; the simulator on Linux has none.
globalThis.device = { network: { ws: { io: WebSocketClient } } };

/** As Program of ../scenario.ts. */
export function sdkClass(target, tell) {
  const { port, name } = target;
  const { host: _host, port: _port, ...network } = optionsOf(target);
  const socket = new WebSocket(
    name === undefined
      ? { url: `ws://127.0.0.1:${port}/`, ws: network }
      : { url: `wss://${name}:${port}/`, wss: network },
  );
  socket.onopen = () => tell("open");
  socket.onmessage = ({ data }) => tell(`text ${data}`);
  socket.onclose = ({ code }) => tell(`closed ${code}`);
  socket.onerror = () => tell("failed");
  return {
    send(text) {
      socket.send(text);
      return true;
    },
    waiting: () => socket.bufferedAmount,
    close: () => socket.close(),
  };
}
