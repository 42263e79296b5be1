/** A server whose answers to negotiations are those of negotiationsuite.ts, by the path; its hubs only shake hands. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer as WsServer } from "ws";

/** A server that runs. */
export interface NegotiationServer {
  /** Its hubs are in this folder. */
  readonly url: string;
  stop(): Promise<void>;
}

interface Answer {
  /** The status line behind the version, and fields. */
  readonly head: string;
  readonly body: string;
}

const ACCEPTED = JSON.stringify({ negotiateVersion: 1, connectionId: "i", connectionToken: "t" });

function ok(body: string, fields = ""): Answer {
  return { head: `200 OK\r\n${fields}Content-Length: ${body.length}\r\n`, body };
}

function refused(status: string): Answer {
  return { head: `${status}\r\nContent-Length: 0\r\n`, body: "" };
}

/** The hubs. What is asked for is a request to negotiate, or to upgrade: then `undefined` lets it pass. */
class Hubs {
  private served = 0;
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  negotiate(hub: string, { headers }: IncomingMessage): Answer | undefined {
    switch (hub) {
      case "plain":
        return ok(ACCEPTED);
      case "sticky":
        // Each negotiation is one of a new client.
        if (headers.cookie !== undefined) return refused(`400 It has ${headers.cookie}`);
        this.served++;
        return ok(
          ACCEPTED,
          `Set-Cookie: SERVER=s${this.served}; path=/\r\nSet-Cookie: other=a b; HttpOnly\r\n` +
            "Set-Cookie: foreign=1; Domain=example.org\r\nSet-Cookie: secret=1; Secure\r\n",
        );
      case "own":
        return headers.cookie === "mine=1; SERVER=0" ? ok(ACCEPTED, "Set-Cookie: SERVER=1\r\n") : refused("400 No");
      case "interim":
        return {
          ...ok(ACCEPTED),
          head: `103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 ${ok(ACCEPTED).head}`,
        };
      case "chunked":
        return {
          head: "200 OK\r\nTransfer-Encoding: chunked\r\n",
          body: `${ACCEPTED.length.toString(16)}\r\n${ACCEPTED}\r\n0\r\nX-Trailer: a\r\n\r\n`,
        };
      case "bigheaders":
        return ok(ACCEPTED, `Content-Security-Policy: ${"x".repeat(6_000)}\r\nSet-Cookie: SERVER=1\r\n`);
      case "trailer":
        return {
          head: "401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nTransfer-Encoding: chunked\r\n",
          body: "8\r\nno token\r\n0\r\nX-Trailer: a",
        };
      case "half":
        return { head: "401 Unauthorized\r\nContent-Length: 100\r\n", body: "half of it" };
      case "truncated":
        return { head: `200 OK\r\nContent-Length: ${ACCEPTED.length + 10}\r\nConnection: close\r\n`, body: ACCEPTED };
      case "large":
        return ok(" ".repeat(8_193));
      case "tokenless":
        return headers.authorization === undefined ? ok(ACCEPTED) : refused("400 There is a token");
      case "moved":
        return { head: `307 Temporary Redirect\r\nLocation: /sticky/negotiate?a=b\r\nContent-Length: 0\r\n`, body: "" };
      case "elsewhere":
        // Another host by its name: what the caller has for this one stays here.
        return ok(
          JSON.stringify({ url: `${this.url.replace("127.0.0.1", "localhost")}bare`, accessToken: "new" }),
          "Set-Cookie: a=1\r\n",
        );
      case "bare":
        return headers.cookie === undefined &&
          headers.host?.startsWith("localhost") === true &&
          headers.authorization === "Bearer new"
          ? ok(ACCEPTED)
          : refused("400 It has too much");
      case "login":
        return { head: "302 Found\r\nLocation: /Account/Login?ReturnUrl=%2Fhub\r\nContent-Length: 0\r\n", body: "" };
      default:
        return undefined;
    }
  }

  mayConnect(hub: string, { headers: { cookie, authorization } }: IncomingMessage): boolean {
    switch (hub) {
      case "sticky":
        return cookie === `SERVER=s${this.served}; other=a b`;
      case "own":
        return cookie === "SERVER=1; mine=1";
      case "bigheaders":
        return cookie === "SERVER=1";
      case "tokenless":
        return authorization === undefined;
      case "bare":
        return cookie === undefined && authorization === "Bearer new";
      default:
        return true;
    }
  }
}

function hubOf({ url = "" }: IncomingMessage): string {
  return url.split("?")[0]?.split("/")[1] ?? "";
}

/** Starts a server. */
export async function startNegotiationServer(): Promise<NegotiationServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const hubs = new Hubs(url);
  const sockets = new Set<Socket>();
  const webSockets = new WsServer({ noServer: true });
  webSockets.on("connection", (socket) => socket.once("message", () => socket.send("{}\x1e")));
  server.on("connection", (socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  server.on("request", (request) => {
    const { head, body } = hubs.negotiate(hubOf(request), request) ?? refused("404 Not Found");
    // Written by hand, since node:http knows better.
    request.socket.write(`HTTP/1.1 ${head}\r\n${body}`);
    if (head.includes("Connection: close")) request.socket.end();
  });
  server.on("upgrade", (request, socket, first) => {
    socket.on("error", () => undefined);
    if (hubs.mayConnect(hubOf(request), request))
      webSockets.handleUpgrade(request, socket, first, (webSocket) =>
        webSockets.emit("connection", webSocket, request),
      );
    else
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nX-Cookie: ${String(request.headers.cookie)}\r\n\r\n`);
  });
  return {
    url,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
