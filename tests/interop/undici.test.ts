/** undici's WebSocket, which is also Node's own, as client of our server. */

import { WebSocket as UndiciClient } from "undici";
import { describeIf } from "../support/describeif.js";
import { Inbox, type OpenPeer, type PeerClosed } from "./peer.js";
import { testPeer } from "./peersuite.js";

function openerFor(Client: typeof UndiciClient): OpenPeer {
  return (url, protocols = []) => {
    const client = new Client(url, [...protocols]);
    client.binaryType = "arraybuffer";
    const inbox = new Inbox<string | Uint8Array>();
    client.addEventListener("message", ({ data }: { data: string | ArrayBuffer }) => {
      inbox.put(typeof data === "string" ? data : new Uint8Array(data));
    });
    const closed = new Promise<PeerClosed>((resolve) => {
      client.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    return new Promise((resolve, reject) => {
      client.addEventListener("error", () => reject(new Error("The WebSocket failed.")));
      client.addEventListener("open", () =>
        resolve({
          protocol: client.protocol,
          extensions: client.extensions,
          inbox,
          closed,
          send: (message) => client.send(message),
          close: (code, reason) => client.close(code, reason),
        }),
      );
    });
  };
}

describe("undici as client", () => {
  testPeer(openerFor(UndiciClient));
});

const { WebSocket: BuiltIn } = globalThis as { WebSocket?: typeof UndiciClient };

describeIf(BuiltIn !== undefined, "a global WebSocket (Node.js 22)", "Node's own WebSocket as client", () => {
  if (BuiltIn !== undefined) testPeer(openerFor(BuiltIn));
  else test("talks to the server", () => undefined);
});
