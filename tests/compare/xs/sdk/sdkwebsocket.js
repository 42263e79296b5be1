/** The SDK's module `websocket`, as a program uses it. */

import { Client } from "websocket";

/** As Program of ../scenario.ts. */
export function sdkWebSocket({ port }, tell) {
  const client = new Client({ host: "127.0.0.1", port, path: "/" });
  client.callback = (message, value) => {
    if (message === Client.handshake) tell("open");
    else if (message === Client.receive)
      tell(typeof value === "string" ? `text ${value}` : `bytes ${value.byteLength}`);
    else if (message === Client.disconnect) tell("closed");
  };
  return {
    send(text) {
      client.write(text);
      return true;
    },
    close: () => client.close(),
  };
}
