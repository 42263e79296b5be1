/** A page, and all who have it open hear what one of them says: the program to begin with. docs/samples.md says how. */

import { HttpListener } from "xs-websockets/http";
import { WebSocketServer } from "xs-websockets/server";

const PAGE = `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<style>
  :root { color-scheme: light dark; font: 18px system-ui, sans-serif; }
  body { max-width: 30em; margin: 2em auto; padding: 0 1em; }
  button { font: inherit; padding: 0.5em 1em; }
</style>
<button>Say hello</button>
<pre></pre>
<script>
  const socket = new WebSocket(location.href.replace("http", "ws"));
  socket.onmessage = ({ data }) => document.querySelector("pre").append(data + "\\n");
  socket.onclose = () => document.querySelector("pre").append("The connection is lost: load the page again.\\n");
  document.querySelector("button").onclick = () => socket.send("hello");
</script>`;

const wsServer = new WebSocketServer({
  isStandAlone: false,
  onMessageReceived: (server, { frame }) => server.broadcast(`${frame.endPoint} says ${frame.text}`),
});

const httpListener = new HttpListener({
  port: 8080,
  onRequest(context) {
    if (context.request.isWebSocketRequest) return wsServer.addWebSocket(context);
    context.response.contentType = "text/html; charset=utf-8";
    context.response.close(PAGE);
  },
});

/** XS has trace() for its log, Node.js has a console. */
const { trace, console } = globalThis as {
  trace?: (...texts: string[]) => void;
  console?: { log(text: string): void };
};

function log(text: string): void {
  if (trace === undefined) console?.log(text);
  else trace(text, "\n");
}

async function main(): Promise<void> {
  await wsServer.start();
  await httpListener.start();
  log(
    `Open http://localhost:${httpListener.port}/ in two windows; on a board the IP address above stands for localhost.`,
  );
}

main().catch((error: unknown) => log(String(error)));
