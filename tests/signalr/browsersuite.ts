/** What the official client does in a browser with the hub of testhub.ts, whoever hosts it. */

import { createServer, type Server } from "node:http";
import { readFileSync } from "node:fs";
import path from "node:path";
import type * as SignalR from "@microsoft/signalr";
import type { Browser, Page } from "playwright-core";

const SCRIPT = path.join(__dirname, "../../node_modules/@microsoft/signalr/dist/browser/signalr.min.js");
const PAGE = '<!doctype html><title>test</title><link rel="icon" href="data:,"><script src="/signalr.min.js"></script>';

/** A server of an empty page with the official client: another origin than the hub's. */
export class PageServer {
  private readonly server: Server;

  private constructor() {
    this.server = createServer(({ url }, response) => {
      const isScript = url === "/signalr.min.js";
      response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? readFileSync(SCRIPT) : PAGE);
    });
  }

  static async start(): Promise<PageServer> {
    const pages = new PageServer();
    await new Promise<void>((resolve) => pages.server.listen(0, "127.0.0.1", resolve));
    return pages;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
  }

  async open(browser: Browser): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(this.url);
    return page;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The bundle's global name, in the page. */
declare const signalR: typeof SignalR;

/** What a page tells: names of things, and what it saw of them. */
type Findings = Readonly<Record<string, unknown>>;

interface Visit {
  readonly url: string;
  readonly skips: boolean;
}

/** Runs in the page: it knows nothing of this file. */
async function useHub({ url, skips }: Visit): Promise<Findings> {
  const options = skips ? { skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets } : {};
  const build = (): SignalR.HubConnection =>
    new signalR.HubConnectionBuilder()
      .withUrl(url, options)
      .withAutomaticReconnect([0, 500, 500])
      .configureLogging(signalR.LogLevel.None)
      .build();
  const itemsOf = (stream: SignalR.IStreamResult<unknown>): Promise<unknown[]> => {
    const items: unknown[] = [];
    return new Promise((resolve, reject) => {
      stream.subscribe({ next: (item) => items.push(item), complete: () => resolve(items), error: reject });
    });
  };
  const send = (count: number): SignalR.Subject<number> => {
    const subject = new signalR.Subject<number>();
    setTimeout(() => {
      for (let item = 0; item < count; item++) subject.next(item);
      subject.complete();
    }, 0);
    return subject;
  };
  const [client, other] = [build(), build()];
  const found: Record<string, unknown> = {};
  const heard: string[] = [];
  client.on("Told", (text: string) => heard.push(`1 ${text}`));
  other.on("Told", (text: string) => heard.push(`2 ${text}`));
  client.on("GetName", () => "a browser");
  await client.start();
  await other.start();
  found["negotiated"] = client.connectionId !== null;
  found["sum"] = await client.invoke("Add", 1, 2);
  found["echo"] = await client.invoke("Echo", 'ä€"\u001e');
  found["error"] = await client.invoke("Fail", "wrong colour").catch((error: unknown) => String(error));
  found["asked"] = await client.invoke("AskName");
  await other.invoke("Join", "lights");
  await client.send("TellOthers", "a");
  await client.invoke("TellGroup", "lights", "b");
  await client.invoke("TellAll", "c");
  await other.invoke("Nothing");
  found["heard"] = heard.sort().join(", ");
  found["counted"] = await itemsOf(client.stream("Count", 5, 0));
  found["sent"] = await client.invoke("Sum", send(200));
  found["sent to a slow hub"] = await client.invoke("SlowSum", 20, send(500));
  found["doubled"] = await itemsOf(client.stream("Doubled", send(4)));
  const again = new Promise((resolve) => client.onreconnected(() => resolve(client.state)));
  await client.send("Lose");
  found["lost, and again"] = await again;
  found["sum again"] = await client.invoke("Add", 3, 4);
  const closed = new Promise((resolve) => client.onclose((error) => resolve(String(error))));
  await client.send("Abort");
  found["aborted"] = await closed;
  other.serverTimeoutInMilliseconds = 250;
  const lost = new Promise((resolve) => other.onreconnecting((error) => resolve(String(error))));
  await other.invoke("Nothing");
  found["silence"] = await lost;
  await other.stop();
  return found;
}

/** Uses the hub in a page. */
export function visit(page: Page, url: string, skips: boolean): Promise<Findings> {
  return page.evaluate(useHub, { url, skips });
}

/** What is to be found. */
export function expectedFindings(skips: boolean): Findings {
  return {
    negotiated: !skips,
    sum: 3,
    echo: 'ä€"\u001e',
    error: expect.stringContaining("wrong colour") as unknown,
    asked: "a browser",
    heard: "1 c, 2 a, 2 b, 2 c",
    counted: [0, 1, 2, 3, 4],
    sent: 19_900,
    "sent to a slow hub": 124_750,
    doubled: [0, 2, 4, 6],
    "lost, and again": "Connected",
    "sum again": 7,
    aborted: "undefined",
    silence: expect.stringContaining("Server timeout elapsed") as unknown,
  };
}

/** Opens a connection that stays silent. @returns what it is told when the hub closes it */
export function staySilent(page: Page, url: string): Promise<string> {
  return page.evaluate(async (hub) => {
    const client = new signalR.HubConnectionBuilder().withUrl(hub).configureLogging(signalR.LogLevel.None).build();
    client.keepAliveIntervalInMilliseconds = 60_000;
    client.serverTimeoutInMilliseconds = 60_000;
    const closed = new Promise<string>((resolve) => client.onclose((error) => resolve(String(error))));
    await client.start();
    return closed;
  }, url);
}
