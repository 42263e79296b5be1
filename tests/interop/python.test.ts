/** The Python package `websockets` as client of our server. */

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describeIf } from "../support/describeif.js";
import { findPython } from "../support/python.js";
import { eventually } from "../support/waiting.js";
import { startEchoServer, stopServers } from "./peer.js";

const SCRIPT = path.join(__dirname, "python", "client.py");

const python = findPython();

const CHECKS: readonly (readonly [name: string, check: string])[] = [
  ["messages of all sizes come back", "echo"],
  ["its fragmented messages arrive whole", "fragments"],
  ["its Pings are answered", "pings"],
  ["it closes with status and reason", "client_closes"],
  ["the server closes with status and reason", "server_closes"],
  ["the server's choice of subprotocol is agreed on", "subprotocol"],
  ["compression is offered, not accepted, and not needed", "compression"],
];

describeIf(python !== undefined, "python3 with the package websockets", "Python websockets as client", () => {
  afterEach(stopServers);

  test.each(CHECKS)("%s", async (_name, check) => {
    const { server, url } = await startEchoServer({ subprotocols: ["chat.v2", "chat.v1"], keepAliveInterval: 50 });
    const closed: unknown[] = [];
    server.onWebSocketClosed = (_server, { error, wasClean }) => closed.push({ error, wasClean });
    const echo = server.onMessageReceived;
    server.onMessageReceived = (sender, e) => {
      if (e.frame.text !== "close") return echo?.(sender, e);
      return e.webSocket.close(4_321, "schön war es");
    };
    await promisify(execFile)(python ?? "", [SCRIPT, url, check]);
    await eventually(() => closed.length > 0);
    expect(closed).toEqual([{ error: undefined, wasClean: true }]);
  });
});
