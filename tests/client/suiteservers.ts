/** The servers of suite.ts, on Node. */

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Issued } from "../../apps/tls-echo/certificates.js";
import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { asciiOf, bytesOf, frame, hexOf } from "../support/vectors.js";
import { createMutualServer } from "./mutualserver.js";
import type { SuiteSettings } from "./suitesession.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeAnswer } from "../support/upgrades.js";
import { letTimePass } from "../support/waiting.js";

type Answer = (peer: RawPeer, request: string) => unknown;

const OK = "HTTP/1.1 101 Switching Protocols\r\n";

/** What is done for each path. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  "/404": (peer) => peer.send("HTTP/1.1 404 Not Found\r\nX-Reason: lost\r\nContent-Length: 8\r\n\r\nnot here"),
  "/chunked": (peer) =>
    peer.send("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nin \r\n6\r\nchunks\r\n0\r\n\r\n"),
  "/trailer": (peer) =>
    peer.send("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nlogin\r\n0\r\nX-Trailer: a"),
  "/halfbody": (peer) => peer.send("HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nhalf"),
  "/nobody": (peer, request) => peer.send(upgradeAnswer(request).replace("101 Switching Protocols", "201 Created")),
  "/tls": (peer) => peer.send(bytesOf("15030300020246")),
  "/endless": (peer) => peer.send("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(10_000)),
  "/garbage": (peer) => peer.send(bytesOf("00ff01fe"), "\r\n\r\n"),
  "/http10": (peer, request) => peer.send(upgradeAnswer(request).replace("HTTP/1.1", "HTTP/1.0")),
  "/longhead": (peer) => peer.send(OK, "X-Field: value\r\n".repeat(1_100)),
  "/badheader": (peer) => peer.send(OK, "Upgrade : websocket\r\n\r\n"),
  "/noupgrade": (peer, request) => peer.send(upgradeAnswer(request, { Upgrade: undefined })),
  "/noconnection": (peer, request) => peer.send(upgradeAnswer(request, { Connection: "close" })),
  "/wrongaccept": (peer) => peer.send(upgradeAnswer("")),
  "/extension": (peer, request) => peer.send(upgradeAnswer(request, { "Sec-WebSocket-Extensions": "x" })),
  "/subprotocol": (peer, request) => peer.send(upgradeAnswer(request, { "Sec-WebSocket-Protocol": "x" })),
  "/hints": (peer, request) =>
    peer.send(
      "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
      upgradeAnswer(request),
      frame(0x81, asciiOf("hinted"), false),
    ),
  "/bigfield": (peer, request) =>
    peer.send(
      upgradeAnswer(request, { "X-Big": "x".repeat(4_096), "Set-Cookie": ["a=1", "b=2"] }),
      frame(0x81, asciiOf("big"), false),
    ),
  "/lf": (peer, request) =>
    peer.send(upgradeAnswer(request).replaceAll("\r\n", "\n"), frame(0x81, asciiOf("lf"), false)),
  "/host": (peer, request) =>
    peer.send(upgradeAnswer(request), frame(0x81, asciiOf(/^Host: (.*)\r$/m.exec(request)?.[1] ?? ""), false)),
  "/hintsforever": (peer) => peer.send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20)),
  "/silent": () => undefined,
  "/half": (peer) => peer.send("HTTP/1.1 101 Switching Pro"),
  "/end": (peer) => peer.socket.end(),
  "/early": (peer, request) => {
    peer.send(upgradeAnswer(request), frame(0x81, asciiOf("early"), false));
    void letTimePass(50).then(() => peer.sendFrame(0x81, asciiOf("late")));
  },
  "/masks": async (peer, request) => {
    peer.send(upgradeAnswer(request));
    const masks = (await peer.wireFrames(20)).map(({ mask }) => hexOf(mask));
    peer.sendFrame(0x81, asciiOf(`${new Set(masks).size} masks`));
  },
  "/authorization": (peer, request) => {
    const [, value = "none"] = /^authorization: (.*)$/im.exec(request) ?? [];
    peer.send(upgradeAnswer(request), frame(0x81, asciiOf(value), false));
  },
  "/vanish": (peer, request) => peer.send(upgradeAnswer(request)).socket.end(),
  "/ping": async (peer, request) => {
    peer.send(upgradeAnswer(request)).sendFrame(0x89, Uint8Array.of(1, 2, 3));
    const [pong] = await peer.wireFrames(1);
    peer.sendFrame(0x81, asciiOf(`pong of ${pong?.payload.length ?? 0}`));
  },
  "/mute": (peer, request) => peer.send(upgradeAnswer(request)),
};

async function answer(socket: Socket): Promise<void> {
  const peer = new RawPeer(socket, "server");
  const request = await peer.head();
  await ANSWERS[request.split(" ")[1] ?? ""]?.(peer, request);
}

function ignoring(act: (socket: Socket) => void = () => undefined): (socket: Socket) => void {
  return (socket) => {
    socket.on("error", () => undefined);
    act(socket);
  };
}

/** The servers that run, and what a client is to know of them. */
export interface SuiteServers {
  readonly settings: SuiteSettings;
  /** Gives the settings as JSON to whoever connects. */
  readonly settingsPort: number;
  /** Certificates of the authorities of `right` and of `untrusted`, DER. */
  readonly authorities: readonly Uint8Array[];
  stop(): Promise<void>;
}

class Running {
  private readonly servers: Server[] = [];
  private readonly webSockets: WebSocketServer[] = [];
  private readonly sockets = new Set<Socket>();

  async listen(server: Server): Promise<number> {
    this.servers.push(server);
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  async echo(options: WebSocketServerOptions = {}): Promise<number> {
    const server = new WebSocketServer({
      port: 0,
      address: "127.0.0.1",
      onMessageReceived: (_server, { frame: { text, buffer, messageType }, webSocket }) => {
        if (text === "close") webSocket.close(4_321, "schön war es");
        else webSocket.send(buffer, messageType);
      },
      ...options,
    });
    this.webSockets.push(server);
    await server.start();
    return server.port;
  }

  secured({ certificatesPem, privateKeyPem }: Issued): Promise<number> {
    return this.echo({ identity: tlsIdentity(certificatesPem, privateKeyPem) });
  }

  async stop(): Promise<void> {
    for (const server of this.webSockets) server.abort();
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function base64(bytes: Uint8Array = new Uint8Array()): string {
  return Buffer.from(bytes).toString("base64");
}

/** Starts all servers. */
export async function startSuiteServers(): Promise<SuiteServers> {
  const certificates = await testCertificates();
  const { right, untrusted, expired, wrongHost, authority, client } = certificates;
  const running = new Running();
  const onlyTls13 = createTlsServer(
    { cert: right.certificatesPem, key: right.privateKeyPem, minVersion: "TLSv1.3" },
    ignoring((socket) => socket.once("data", () => socket.end())),
  ).on("tlsClientError", () => undefined);
  const settings: SuiteSettings = {
    ports: {
      answers: await running.listen(
        createServer((socket) => {
          // A client that gives up sends no request.
          answer(socket).catch(() => undefined);
        }),
      ),
      echo: await running.echo(),
      closed: await findFreePort(),
      silent: await running.listen(createServer(ignoring())),
      right: await running.secured(right),
      untrusted: await running.secured(untrusted),
      expired: await running.secured(expired),
      wrongHost: await running.secured(wrongHost),
      onlyTls13: await running.listen(onlyTls13),
      mutual: await running.listen(await createMutualServer(certificates)),
    },
    authority: base64(authority),
    identity: {
      clientCertificate: base64(client.certificates[0]),
      clientPrivateKey: base64(client.privateKey),
    },
  };
  const text = `${JSON.stringify(settings)}\n`;
  const settingsPort = await running.listen(createServer(ignoring((socket) => socket.end(text))));
  const authorities = [authority, untrusted.certificates.at(-1) ?? authority];
  return { settings, settingsPort, authorities, stop: () => running.stop() };
}
