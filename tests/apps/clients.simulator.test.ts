/** The client sample and the server-client sample as XS runs them, with servers on Node. */

import { ClientWebSocket } from "../../modules/client.js";
import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer } from "../../modules/server.js";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "samples in the simulator", () => {
  const simulators: Simulator[] = [];
  const servers: WebSocketServer[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) server.abort();
    await Promise.all(simulators.splice(0).map((simulator) => simulator.stop()));
  });

  async function start(app: string, ...settings: readonly string[]): Promise<Simulator> {
    if (sdk === undefined) throw new Error("There is no SDK.");
    const simulator = await Simulator.start(sdk, `apps/${app}`, settings);
    simulators.push(simulator);
    return simulator;
  }

  async function serve(options: ConstructorParameters<typeof WebSocketServer>[0]): Promise<WebSocketServer> {
    const server = new WebSocketServer({ port: 0, address: "127.0.0.1", ...options });
    servers.push(server);
    await server.start();
    return server;
  }

  test(
    "client says hello, sends texts back, connects again, and refuses fragments for good",
    async () => {
      const texts: string[] = [];
      const users: unknown[] = [];
      const server = await serve({
        onWebSocketOpened: (_server, { request }) => users.push(request.headers.get("userid")),
        onMessageReceived: (sender, { frame, webSocket }) => {
          texts.push(frame.text);
          if (texts.length === 1) webSocket.sendString("back");
          else if (texts.length === 2) webSocket.abort();
          else sender.sendString(webSocket.remoteEndPoint, "in fragments", 4);
        },
      });
      const simulator = await start("client", `url=ws://127.0.0.1:${server.port}/`);
      await simulator.waitForLine(/^Received: back$/);
      await simulator.waitForLine(/^Connecting again in \d+ ms/);
      await simulator.waitForLine(/^Connected again/);
      await simulator.waitForLine(/^The connection is closed: 1008/);
      expect(texts).toEqual(["Hello Websocket!", "back", "Hello Websocket!"]);
      expect(users).toEqual(["nano", "nano"]);
    },
    LONG_MS,
  );

  test(
    "client says why it cannot connect",
    async () => {
      const simulator = await start("client", `url=ws://127.0.0.1:${await findFreePort()}/`);
      await simulator.waitForLine(/^NetworkError ECONNREFUSED: /);
      await simulator.waitForLine(/^Connecting again in \d+ ms/);
    },
    LONG_MS,
  );

  test.each([
    [true, /^Received from wss:.*: Hello Secure Websocket! 2$/],
    [false, /^TlsError ETLSUNTRUSTED: /],
  ])(
    "server-client serves, and with its authority (%s) talks by TLS, else refuses",
    async (isTrusted, line) => {
      const { right, authority } = await testCertificates();
      const echo = await serve({
        identity: tlsIdentity(right.certificatesPem, right.privateKeyPem),
        onMessageReceived: (_server, { frame, webSocket }) => webSocket.sendString(frame.text),
      });
      const port = await findFreePort();
      const ca = isTrusted ? [`ca=${Buffer.from(authority).toString("base64")}`] : [];
      const simulator = await start("server-client", `port=${port}`, `url=wss://127.0.0.1:${echo.port}/`, ...ca);
      await simulator.waitForLine(line);

      const client = new ClientWebSocket();
      const received = new Promise<string>((resolve) => {
        client.onMessageReceived = (_sender, { frame }) => resolve(frame.text);
      });
      await client.connect(`ws://127.0.0.1:${port}/`);
      client.sendString("aé€😀");
      expect(await received).toBe("aé€😀");
      client.close();
    },
    LONG_MS,
  );
});
