import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { WebSocket } from "ws";
import { addWebSocket } from "xs-websockets/node";
import { WebSocketServer } from "xs-websockets/server";
import { eventually, letTimePass } from "../support/waiting.js";

let http: Server;
let wsServer: WebSocketServer;
let port: number;

beforeEach(async () => {
  wsServer = new WebSocketServer({
    isStandAlone: false,
    onMessageReceived: (_sender, { frame, webSocket }) => {
      webSocket.sendString(frame.text);
    },
  });
  await wsServer.start();
  http = createServer((_request, response) => response.end("page"));
  http.on("upgrade", (request, socket, head) => addWebSocket(wsServer, request, socket, head));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  ({ port } = http.address() as AddressInfo);
});

afterEach(async () => {
  await wsServer.stop();
  http.close();
});

test("a server of node:http serves pages and our WebSockets on one port", async () => {
  expect(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text()).toBe("page");
  const client = new WebSocket(`ws://127.0.0.1:${port}/anywhere`);
  await once(client, "open");
  client.send("hello");
  const [echo] = (await once(client, "message")) as [Buffer];
  expect(echo.toString()).toBe("hello");
  expect(wsServer.clientsCount).toBe(1);
  client.close(4_000);
  expect((await once(client, "close"))[0]).toBe(4_000);
});

test("a frame in the segment of the request is not lost", async () => {
  const socket = connect(port, "127.0.0.1");
  const head = [
    "GET / HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n");
  socket.write(Buffer.concat([Buffer.from(head), Buffer.from("818537fa213d7f9f4d5158", "hex")]));
  let answer = "";
  for await (const chunk of socket) {
    answer += (chunk as Buffer).toString("latin1");
    if (answer.endsWith("\x81\x05Hello")) break;
  }
  expect(answer).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n\x81\x05Hello$/s);
});

/** All that comes of a request. */
async function answerTo(request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  socket.write(request);
  let answer = "";
  for await (const text of socket) answer += String(text);
  return answer;
}

describe("an upgrade to something else is ignored (RFC 9110, 7.8)", () => {
  const fields = `Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`;

  test("curl --http2 gets the page", async () => {
    expect(await answerTo(`GET / HTTP/1.1\r\n${fields}\r\n`)).toMatch(/^HTTP\/1\.1 200 [^]*page/);
  });

  test.each([
    ["in the segment of its head", 0],
    ["behind it", 50],
  ])("Java's POST with a body that comes %s", async (_name, pauseMs) => {
    http.removeAllListeners("request");
    http.on("request", (request, response) => {
      void request.toArray().then((chunks: Buffer[]) => response.end(`body ${Buffer.concat(chunks).toString()}`));
    });
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    socket.write(`POST / HTTP/1.1\r\n${fields}Content-Length: 9\r\n\r\n${pauseMs === 0 ? "some text" : "some"}`);
    if (pauseMs > 0) void letTimePass(pauseMs).then(() => socket.write(" text"));
    let answer = "";
    for await (const text of socket) answer += String(text);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*body some text/);
  });

  test("a body without a length is refused with 411", async () => {
    expect(await answerTo(`POST / HTTP/1.1\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 411 /,
    );
  });

  test("426 where the server answers no requests", async () => {
    http.removeAllListeners("request");
    const answer = await answerTo(`GET / HTTP/1.1\r\n${fields}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 426 [^]*Upgrade: websocket/);
  });

  test("one to WebSocket among others is taken", async () => {
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    socket.write(
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    const [head] = (await once(socket, "data")) as [string];
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  });
});

test("a request of another version is answered with 426", async () => {
  const response = await new Promise<string>((resolve) => {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n\r\n",
      ),
    );
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("close", () => {
      resolve(text);
    });
  });
  expect(response).toMatch(/^HTTP\/1\.1 426 /);
  expect(response).toContain("Sec-WebSocket-Version: 13");
});

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

test("the other server says how long a head may be", async () => {
  const cookie = "x".repeat(6_000);
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { cookie } });
  await once(client, "open");
  client.terminate();
});

test("clients of a Unix socket, which have no addresses, are told apart", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "unix-"));
  const name = path.join(folder, "socket");
  const server = createServer();
  server.on("upgrade", (request, socket, head) => addWebSocket(wsServer, request, socket, head));
  server.listen(name);
  await once(server, "listening");
  const clients = [0, 1, 2].map(() => new WebSocket(`ws+unix://${name}:/`));
  await Promise.all(clients.map((client) => once(client, "open")));
  expect(new Set(wsServer.listClients()).size).toBe(3);
  for (const client of clients) client.terminate();
  server.close();
  rmSync(folder, { recursive: true });
});

test.each(["end", "resetAndDestroy"] as const)(
  "a client that has left by %s before it is added is not",
  async (leave) => {
    const server = createServer();
    const added = new Promise<boolean>((resolve) => {
      server.on("upgrade", (request, socket, head) => {
        socket.on("error", () => undefined);
        socket.resume();
        client[leave]();
        void eventually(() => socket.readableEnded || socket.destroyed).then(() =>
          resolve(addWebSocket(wsServer, request, socket, head)),
        );
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => undefined);
    client.write(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n\r\n`);
    expect(await added).toBe(false);
    expect(wsServer.clientsCount).toBe(0);
    server.close();
  },
);
