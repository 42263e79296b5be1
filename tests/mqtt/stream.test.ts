import { MqttSocket } from "../../modules/mqtt.js";
import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer } from "../../modules/server.js";
import { testCertificates } from "../support/certificates.js";
import { wireFrames } from "../support/vectors.js";
import { startStreamServer } from "./streamserver.js";
import { streamTests } from "./stream.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { type RawServer, withRawServer } from "../support/rawserver.js";
import { upgradeAnswer } from "../support/upgrades.js";

/** What Node.js receives at once, at most. */
const PIECE_BYTES = 65_536;

let server: RawServer;

beforeAll(async () => (server = await startStreamServer()));
afterAll(async () => server.stop());
beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

describe("MqttSocket on Node", () => {
  for (const name of Object.keys(streamTests(0, 0)))
    test(name, async () => streamTests(server.port, PIECE_BYTES)[name]?.());

  test("close sends what was written, then a Close frame, and is over within its time", async () => {
    await withRawServer(async (raw) => {
      const open = new Promise<void>((resolve) => {
        const socket = new MqttSocket({
          ...{ host: "127.0.0.1", port: raw.port, closeTimeoutMs: 50 },
          onWritable() {
            this.write(Uint8Array.of(1, 2), { more: true });
            this.close();
            resolve();
          },
        });
        expect(socket.format).toBe("buffer");
      });
      const peer = await raw.next();
      peer.send(upgradeAnswer(await peer.head(), { "Sec-WebSocket-Protocol": "mqtt" }));
      await open;
      expect(await peer.frames(2)).toEqual(["binary:0102", "close:1000"]);
      // It is not answered.
      await peer.closed;
    });
  });

  test("a server that reads nothing is not written more to than the queue holds", async () => {
    let accepted: { resume(): void } | undefined;
    let [received, frames] = [0, 0];
    const slow = new WebSocketServer({
      ...{ port: 0, address: "127.0.0.1", prefix: "/mqtt", subprotocols: ["mqtt"], maxMessageBytes: 16_000 },
      onWebSocketOpened: (_server, { webSocket }) => {
        accepted = webSocket;
        webSocket.pause();
      },
      onMessageReceived: (_server, { frame }) => {
        received += frame.messageLength;
        frames += 1;
      },
    });
    await slow.start();
    const block = new Uint8Array(16_000);
    let sent = 0;
    let waits = 0;
    const socket = new MqttSocket({
      ...{ host: "127.0.0.1", port: slow.port },
      onWritable(room) {
        waits += 1;
        // Until the system's own buffers are full.
        while (room >= block.length && waits < 3) {
          expect(room).toBeLessThanOrEqual(20_480);
          room = this.write(block);
          sent += block.length;
        }
      },
    });
    await eventually(() => sent !== 0);
    await letTimePass(100);
    expect(waits).toBe(1);
    expect(received).toBe(0);
    accepted?.resume();
    await eventually(() => received >= sent && waits >= 3);
    expect(frames).toBe(sent / block.length);
    expect(sent).toBeGreaterThan(100_000);
    socket.close();
    slow.abort();
  });

  test("room that was promised is there, whatever Pongs have to be sent meanwhile", async () => {
    await withRawServer(async (raw) => {
      let room = 0;
      const socket = new MqttSocket({
        ...{ host: "127.0.0.1", port: raw.port, maxQueueBytes: 8_192 },
        onWritable(count) {
          room = count;
        },
      });
      const peer = await raw.next();
      peer.send(upgradeAnswer(await peer.head(), { "Sec-WebSocket-Protocol": "mqtt" }));
      await eventually(() => room !== 0);
      peer.socket.pause().removeAllListeners("data");
      let sent = 0;
      const write = (length: number): void => {
        room = socket.write(new Uint8Array(length).map((_, at) => sent + at));
        sent += length;
      };
      // Until the system's buffers are full, and the queue but for 1,000 bytes.
      while (room > 6_000) write(4_000);
      write(room - 1_000);
      for (let count = 0; count < 16; count++) peer.sendFrame(0x89, new Uint8Array(125));
      await letTimePass(100);
      const promised = room;
      expect(promised).toBeGreaterThan(900);
      write(100);
      write(promised - 100);
      expect(() => socket.write(new Uint8Array(room + 1))).toThrow("wait for onWritable");
      // What was taken is sent, also where it has to wait for room.
      socket.close();
      const chunks: Buffer[] = [];
      let received = 0;
      peer.socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        received += chunk.length;
        // A Close frame of two bytes is the last of all: eight with its mask.
        if (received > sent && chunk.at(-8) === 0x88 && chunk.at(-7) === 0x82)
          peer.sendFrame(0x88, Uint8Array.of(3, 232)).socket.end();
      });
      peer.socket.resume();
      await peer.closed;
      const binary = wireFrames(Buffer.concat(chunks)).filter(({ first }) => first === 0x82);
      const payload = Buffer.concat(binary.map((frame) => frame.payload));
      expect(payload.length).toBe(sent);
      expect(payload.findIndex((byte, at) => byte !== (at & 255))).toBe(-1);
    });
  });

  test("by wss the certificate is to be that of the host, whatever address it is reached at", async () => {
    const { right, authority } = await testCertificates();
    const server = new WebSocketServer({
      ...{ port: 0, address: "127.0.0.1", prefix: "/mqtt", subprotocols: ["mqtt"] },
      identity: tlsIdentity(right.certificatesPem, right.privateKeyPem),
    });
    await server.start();
    const connect = (host: string, certificate?: Uint8Array): Promise<string> =>
      new Promise((resolve) => {
        const socket = new MqttSocket({
          ...{ host, address: "127.0.0.1", port: server.port, isSecure: true, certificate },
          onWritable: () => resolve("open"),
          onError: ({ code }) => resolve(code),
        });
        sockets.push(socket);
      });
    const sockets: MqttSocket[] = [];
    expect(await connect("localhost", authority)).toBe("open");
    expect(await connect("other.example", authority)).toBe("ETLSHOSTNAME");
    expect(await connect("localhost")).toBe("ETLSUNTRUSTED");
    for (const socket of sockets) socket.close();
    await server.stop();
  });

  test("a text is answered with a Close frame of status 1003", async () => {
    await withRawServer(async (raw) => {
      const ended = new Promise((resolve) => {
        new MqttSocket({ host: "127.0.0.1", port: raw.port, closeTimeoutMs: 50, onError: resolve });
      });
      const peer = await raw.next();
      peer.send(upgradeAnswer(await peer.head(), { "Sec-WebSocket-Protocol": "mqtt" }));
      peer.sendFrame(0x81, Uint8Array.of(65));
      expect(await peer.frames(1)).toEqual(["close:1003"]);
      await ended;
    });
  });
});
