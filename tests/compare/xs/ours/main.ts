/** An app with this library, as tests/compare/compare.test.ts tells it: the program of ../../ours.ts, and a server of wss. */

import { fromBase64 } from "#platform";
import { WebSocketServer } from "xs-websockets/server";
import { ours } from "../../ours.js";
import { run, type Sending, type Target } from "../../scenario.js";
import { serveControl } from "../../../xs/control.js";
import { tellUncaught } from "../../../xs/suitesettings.js";

tellUncaught();

/** Serves wss. @returns the port */
async function serve(identity: { readonly certificate: string; readonly privateKey: string }): Promise<number> {
  const server = new WebSocketServer({
    port: 0,
    identity: { certificates: [fromBase64(identity.certificate)], privateKey: fromBase64(identity.privateKey) },
    onMessageReceived: (_sender, { frame, webSocket }) => void webSocket.sendString(frame.text),
  });
  await server.start();
  return server.port;
}

const commands = {
  run: ({ target, sending, patienceMs }: { target: Target; sending?: Sending; patienceMs?: number }) =>
    run(ours, target, sending, patienceMs),
  serve,
};

void serveControl(commands).then((port) => trace(`ports ${port}\n`));
