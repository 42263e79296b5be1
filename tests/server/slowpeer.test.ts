/** A peer that steadily takes what it is sent is alive, however long that takes, and however large a frame is. */

import { connect } from "node:net";
import { WebSocketServer } from "../../modules/server.js";
import { eventually } from "../support/waiting.js";
import { upgradeRequest } from "../support/upgrades.js";

const FRAME_BYTES = 16_777_216;
/** Two megabytes a second: the whole takes three times `serverTimeout`. */
const READ_BYTES = 65_536;
const READ_EVERY_MS = 32;

test("a frame of 16 MiB reaches a slow peer, which is not given up", async () => {
  const server = new WebSocketServer({
    ...{ address: "127.0.0.1", port: 0, keepAliveInterval: 300, serverTimeout: 2_500 },
    ...{ maxQueueBytes: 2 * FRAME_BYTES, maxFragmentSize: 0 },
    onWebSocketOpened: (_sender, { webSocket }) => void webSocket.sendBytes(new Uint8Array(FRAME_BYTES).fill(7)),
  });
  const ends: string[] = [];
  server.onWebSocketClosed = (_sender, { error }) => ends.push(error?.message ?? "closed");
  await server.start();
  const socket = connect(server.port, "127.0.0.1");
  socket.write(upgradeRequest());
  let received = 0;
  const timer = setInterval(() => {
    const bytes = socket.read(READ_BYTES) as Buffer | null;
    received += (bytes ?? (socket.read() as Buffer | null))?.length ?? 0;
  }, READ_EVERY_MS);
  try {
    socket.on("readable", () => undefined);
    await eventually(() => received >= FRAME_BYTES || ends.length > 0, "the whole frame", 60_000);
    expect(ends).toEqual([]);
    expect(received).toBeGreaterThanOrEqual(FRAME_BYTES);
  } finally {
    clearInterval(timer);
    socket.destroy();
    server.abort();
  }
});
