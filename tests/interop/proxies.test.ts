/** The configurations in docs/reverse-proxies.md, in front of our server: what that page says of them. */

import { ClientWebSocket, type WebSocketError } from "xs-websockets/client";
import { HttpListener } from "xs-websockets/http";
import { WebSocketServer } from "xs-websockets/server";
import { readText } from "../project/sources.js";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { codeBlocks } from "../support/documentation.js";
import {
  apache,
  caddy,
  haproxy,
  nginx,
  type Proxy,
  startApache,
  startCaddy,
  startHaproxy,
  startNginx,
} from "../support/proxies.js";
import { letTimePass } from "../support/waiting.js";

const PAGE = readText("docs/reverse-proxies.md");
const HOST = "lamp.example.org";

/** The configuration of the page, with this port, this device, and this time-out for silence. */
function configOf(language: string, port: number, devicePort: number, silence = "90s"): string {
  const [text = ""] = codeBlocks(PAGE, language);
  return text
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replace("bind :443 ssl", `bind 127.0.0.1:${port} ssl`)
    .replace("lamp.example.org {", `https://${HOST}:${port} {\n  bind 127.0.0.1\n  tls chain.pem key.pem`)
    .replace("*:443", `127.0.0.1:${port}`)
    .replace("192.168.1.20:80", `127.0.0.1:${devicePort}`)
    .replaceAll("90s", silence)
    .replace("ProxyTimeout 90", `ProxyTimeout ${silence}`);
}

interface Device {
  readonly port: number;
  readonly addresses: string[];
  stop(): Promise<void>;
}

/** The device behind the proxy: a page, and an echo that says which address it was told. */
async function startDevice(keepAliveInterval: number): Promise<Device> {
  const addresses: string[] = [];
  const server = new WebSocketServer({
    isStandAlone: false,
    keepAliveInterval,
    allowedHosts: [HOST],
    acceptClient({ headers }) {
      addresses.push(headers.get("x-forwarded-for") ?? "");
      return true;
    },
    onMessageReceived: (_sender, { frame, webSocket }) => void webSocket.sendString(frame.text),
  });
  const listener = new HttpListener({
    port: 0,
    allowedHosts: [HOST],
    keptHeaders: ["x-forwarded-for"],
    onRequest: ({ response }) => response.close("a page"),
  });
  listener.route("/ws", (context) => void server.addWebSocket(context));
  await server.start();
  await listener.start();
  return {
    port: listener.port,
    addresses,
    async stop() {
      await server.stop();
      listener.stop();
    },
  };
}

type Start = (port: number, devicePort: number, silence?: string) => Promise<Proxy>;

async function certificateFiles(): Promise<{ chain: string; key: string; authority: Uint8Array }> {
  const { right, authority } = await testCertificates();
  return { chain: right.certificatesPem, key: right.privateKeyPem, authority };
}

const startOurNginx: Start = async (port, devicePort, silence) => {
  const { chain, key } = await certificateFiles();
  return startNginx(configOf("nginx", port, devicePort, silence), port, { "chain.pem": chain, "key.pem": key });
};
const startOurHaproxy: Start = async (port, devicePort, silence) => {
  const { chain, key } = await certificateFiles();
  return startHaproxy(configOf("haproxy", port, devicePort, silence), port, { "lamp.pem": `${chain}${key}` });
};
const startOurCaddy: Start = async (port, devicePort) => {
  const { chain, key } = await certificateFiles();
  return startCaddy(configOf("caddy", port, devicePort), port, { "chain.pem": chain, "key.pem": key });
};
const startOurApache: Start = async (port, devicePort, silence) => {
  const { chain, key } = await certificateFiles();
  return startApache(configOf("apache", port, devicePort, silence), port, { "chain.pem": chain, "key.pem": key });
};

/** @param knowsItsNames whether the proxy answers for other names by itself @param isPatient whether it ends no silence */
function testProxy(start: Start, { knowsItsNames = false, isPatient = false } = {}): void {
  let device: Device;
  let proxy: Proxy;
  let port = 0;

  const prepare = async (keepAliveInterval: number, silence?: string): Promise<void> => {
    device = await startDevice(keepAliveInterval);
    port = await findFreePort();
    proxy = await start(port, device.port, silence);
  };
  afterEach(async () => {
    await proxy.stop();
    await device.stop();
  });
  beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  /** Connects as a page of the public name does, or of another one. */
  const connect = async (
    options: ConstructorParameters<typeof ClientWebSocket>[0] = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ClientWebSocket> => {
    const { authority } = await certificateFiles();
    const client = new ClientWebSocket({ certificate: authority, ...options });
    await client.connect(`wss://localhost:${port}/ws`, { Host: HOST, Origin: `https://${HOST}`, ...headers });
    return client;
  };

  test("the page's own WebSocket is let in, and the device learns whose it is", async () => {
    await prepare(30_000);
    const texts: string[] = [];
    const answered = new Promise<void>((resolve) => {
      const onMessageReceived = (_sender: unknown, { frame }: { readonly frame: { readonly text: string } }): void => {
        texts.push(frame.text);
        resolve();
      };
      void connect({ onMessageReceived }).then((client) => client.sendString("through the proxy"));
    });
    await answered;
    expect(texts).toEqual(["through the proxy"]);
    expect(device.addresses).toEqual(["127.0.0.1"]);
  });

  test("a foreign page gets 403, another name 421", async () => {
    await prepare(30_000);
    const refusal = (headers: Readonly<Record<string, string>>): Promise<unknown> =>
      connect({}, headers).catch((error: unknown) => (error as WebSocketError & { statusCode: number }).statusCode);
    expect(await refusal({ Origin: "https://evil.example" })).toBe(403);
    expect(await refusal({ Host: "evil.example", Origin: "https://evil.example" })).toBe(knowsItsNames ? 200 : 421);
  });

  test(
    isPatient ? "silence does not end a connection" : "a Ping of the device keeps a silent connection open",
    async () => {
      await prepare(isPatient ? 0 : 200, "1s");
      const closed = jest.fn();
      const client = await connect({ keepAliveInterval: 0, onConnectionClosed: closed });
      await letTimePass(2_500);
      expect(closed).not.toHaveBeenCalled();
      client.abort();
    },
  );

  if (isPatient) return;
  test("without a Ping the proxy ends a silent connection", async () => {
    await prepare(0, "1s");
    const ended = new Promise<number>((resolve) => {
      void connect({ keepAliveInterval: 0, onConnectionClosed: (_sender, e) => resolve(e.closeStatus) });
    });
    expect(await ended).toBe(1_006);
  });
}

describeIf(nginx !== undefined, "nginx", "nginx as docs/reverse-proxies.md has it", () => testProxy(startOurNginx));
describeIf(haproxy !== undefined, "haproxy", "haproxy as docs/reverse-proxies.md has it", () =>
  testProxy(startOurHaproxy),
);
describeIf(caddy !== undefined, "Caddy", "Caddy as docs/reverse-proxies.md has it", () =>
  testProxy(startOurCaddy, { knowsItsNames: true, isPatient: true }),
);
describeIf(apache !== undefined, "Apache httpd", "Apache httpd as docs/reverse-proxies.md has it", () =>
  testProxy(startOurApache),
);
