/** The npm package `ws`, as a program on Node.js uses it. */

import { WebSocket } from "ws";
import type { Program } from "./scenario.js";

export const ws: Program = ({ port, name, authority }, tell) => {
  const tls = { servername: name, ca: `-----BEGIN CERTIFICATE-----\n${authority}\n-----END CERTIFICATE-----\n` };
  const socket = new WebSocket(
    `${name === undefined ? "ws" : "wss"}://127.0.0.1:${port}/`,
    name === undefined ? {} : tls,
  );
  socket.on("open", () => tell("open"));
  socket.on("message", (data: Buffer) => tell(`text ${data.toString()}`));
  socket.on("error", (error) => tell(`error ${error.message}`));
  socket.on("close", (code) => tell(`closed ${code}`));
  return {
    send(text) {
      socket.send(text);
      return true;
    },
    waiting: () => socket.bufferedAmount,
    close: () => socket.terminate(),
  };
};
