/** An app with the programs for the SDK's WebSockets, and both kinds of classes: tests/compare/facades.test.ts says which. */

import TCP from "embedded:io/socket/tcp";
import SdkWebSocketClient from "embedded:network/websocket/client";
import { Client as SdkClient, Server as SdkServer } from "websocket";
import { Client } from "xs-websockets/sdk/client";
import { WebSocketClient } from "xs-websockets/sdk/ecma419";
import { Server } from "xs-websockets/sdk/server";
import { facadeTests } from "xs-websockets/tests/compare/facadesuite";
import { counting, echoing, writing } from "xs-websockets/tests/compare/programs";
import { eventually } from "xs-websockets/tests/support/waiting";
import { serveControl } from "xs-websockets/tests/xs/control";
import { tellUncaught } from "xs-websockets/tests/xs/suitesettings";

tellUncaught();

const sdk = { Client: SdkClient, Server: SdkServer, WebSocketClient: SdkWebSocketClient };
const own = { Client, Server, WebSocketClient };
const libraries = { sdk, own };

/** All names are this machine. */
class LocalDns {
  resolve({ host, onResolved }) {
    onResolved(host, "127.0.0.1");
  }
}

/** Waits until a program has told its last. */
async function whenTold(told, last) {
  await eventually(() => told.includes(last), `${last}, behind ${told}`);
  return told;
}

let echoed = [];

const commands = {
  counting({ library, port }) {
    const told = [];
    counting(libraries[library].Client, port, (event) => told.push(event));
    return whenTold(told, "disconnect");
  },
  writing({ library, port }) {
    const told = [];
    const options = { host: "127.0.0.1", port, dns: { io: LocalDns }, socket: { io: TCP } };
    writing(libraries[library].WebSocketClient, options, (event) => told.push(event));
    return whenTold(told, "closed");
  },
  echoing({ library, port }) {
    const told = (echoed = []);
    echoing(libraries[library].Server, port, (event) => told.push(event));
  },
  echoed: () => whenTold(echoed, "disconnect"),
  async suite({ port }) {
    const failures = [];
    for (const [name, test] of Object.entries(facadeTests(() => port))) {
      try {
        await test();
      } catch (error) {
        failures.push(`${name}: ${error}`);
      }
    }
    return failures;
  },
};

serveControl(commands).then((port) => trace(`ports ${port}\n`));
