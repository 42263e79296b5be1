/** An app with the programs for the SDK's WebSockets, and both kinds of classes: tests/compare/facades.test.ts says which. */

import TCP from "embedded:io/socket/tcp";
import { fromBase64 } from "#platform";
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

/** What a program writes for TLS: its socket's class is not used, the name is that of the certificate. */
const named = { host: "localhost", address: "127.0.0.1" };
const secureOf = ({ authority, ...others }) => ({
  ...(authority && { certificate: fromBase64(authority) }),
  ...others,
});

let echoed = [];

const commands = {
  counting({ library, port, secure }) {
    const told = [];
    const tls = secure && { ...named, Socket: class SecureSocket {}, secure: secureOf(secure) };
    counting(libraries[library].Client, port, (event) => told.push(event), tls);
    return whenTold(told, "disconnect");
  },
  writing({ library, port, secure, last = "closed" }) {
    const told = [];
    const plain = { host: "127.0.0.1", socket: { io: TCP } };
    const tls = secure && { ...named, socket: { io: class TLSSocket {}, secure: secureOf(secure) } };
    const options = { ...(tls ?? plain), port, dns: { io: LocalDns } };
    writing(libraries[library].WebSocketClient, options, (event) => told.push(event));
    return whenTold(told, last);
  },
  echoing({ library, port, identity }) {
    const told = (echoed = []);
    const tls = identity && {
      identity: { certificates: identity.certificates.map(fromBase64), privateKey: fromBase64(identity.privateKey) },
    };
    echoing(libraries[library].Server, port, (event) => told.push(event), tls);
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
