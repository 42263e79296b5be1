/** The runner as server of the tested clients. Each client that connects is given the next case of its profile. */

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Case } from "./case.js";
import { casesFor } from "./cases.js";
import { NO_MORE_CASES } from "./echoclient.js";
import { Peer, type Pace } from "./peer.js";
import { PROFILE_NAMES, type Ports, type Profile } from "./profiles.js";
import { messageOf, type Result, runSteps } from "./script.js";
import { acceptFor } from "./serverrunner.js";

const PROPER =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n";

/** What clients offer, those that compress. */
const OFFERS: Readonly<Partial<Record<Profile, string>>> = {
  deflate: "permessage-deflate; client_max_window_bits",
  deflateParts: "permessage-deflate; client_max_window_bits",
  deflateStrict: "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9",
};

/** A request that a client has sent. */
interface ClientRequest {
  /** "/echo/3": which client it is. */
  readonly client: string;
  readonly key: string;
  /** What the client tells of its last connection. */
  readonly outcome: string;
}

/** Cases of clients, while they run. */
export class ClientRunner {
  private readonly pace: Pace;
  private readonly waiting: Map<Profile, Case[]>;
  /** The last case of each client, whose outcome its next request tells. */
  private readonly unfinished = new Map<string, Result>();
  private readonly results: Result[] = [];
  private readonly servers: Server[] = [];
  private readonly keys = new Set<string>();
  private readonly masks: string[] = [];
  private readonly count: number;
  private host = "";
  private done: () => void = () => undefined;
  private readonly finished: Promise<void>;

  /** @param names the profiles of the clients */
  constructor(pace: Pace, cases = casesFor("client"), names = PROFILE_NAMES) {
    this.pace = pace;
    this.count = cases.length;
    this.waiting = new Map(names.map((name) => [name, cases.filter(({ profile }) => profile === name)]));
    this.finished = new Promise((resolve) => (this.done = resolve));
  }

  /**
   * Listens.
   *
   * @param wanted ports for the profiles; 0: free ones
   * @returns the port of each profile, for the clients
   */
  async listen(host = "127.0.0.1", wanted: Ports = {}): Promise<Ports> {
    this.host = host;
    const ports: Partial<Record<Profile, number>> = {};
    for (const profile of this.waiting.keys()) {
      const server = createServer({ allowHalfOpen: true }, (socket) => void this.serve(socket, profile));
      this.servers.push(server);
      await new Promise<void>((resolve) => server.listen(wanted[profile] ?? 0, host, resolve));
      ports[profile] = (server.address() as AddressInfo).port;
    }
    return ports;
  }

  /** Waits for the outcome of every case, at most `timeoutMs`; those that are missing then have failed. */
  async run(timeoutMs: number): Promise<Result[]> {
    const timer = setTimeout(this.done, timeoutMs);
    await this.finished;
    clearTimeout(timer);
    for (const server of this.servers) server.close();
    const lost = [...[...this.waiting.values()].flat(), ...[...this.unfinished.values()].map((result) => result.case)];
    return [
      ...this.results,
      ...lost.map((row) => ({ case: row, problem: "the client did not come for it" })),
      this.maskResult(),
    ];
  }

  private async serve(socket: Socket, profile: Profile): Promise<void> {
    const peer = new Peer(socket, true, this.pace);
    try {
      const request = this.readRequest(await peer.head(), socket.localPort ?? 0, profile);
      this.finish(request);
      const row = this.waiting.get(profile)?.shift();
      if (row === undefined) await refuse(peer);
      else await this.runCase(row, request, peer);
    } catch (error) {
      this.results.push({ case: requestCase(profile), problem: messageOf(error) });
    } finally {
      peer.destroy();
      if (this.results.length >= this.count) this.done();
    }
  }

  private async runCase(row: Case, request: ClientRequest, peer: Peer): Promise<void> {
    let problem: string | undefined;
    try {
      const {
        head,
        early = new Uint8Array(0),
        cut,
      } = row.handshake.kind === "answer" ? row.handshake : ({ head: PROPER, cut: "whole" } as const);
      const text = head.replaceAll("ACCEPT", acceptFor(request.key));
      await peer.send(Buffer.concat([Buffer.from(text, "latin1"), early]), cut);
      peer.compressAs(row.compression);
      await runSteps(row, peer);
    } catch (error) {
      problem = messageOf(error);
    }
    this.masks.push(...peer.masks);
    this.unfinished.set(request.client, { case: row, problem });
  }

  /** The outcome of the client's last case has come. */
  private finish({ client, outcome }: ClientRequest): void {
    const last = this.unfinished.get(client);
    if (last === undefined) return;
    this.unfinished.delete(client);
    const { outcome: wanted } = last.case;
    const problem = wanted === undefined || wanted === outcome ? undefined : `it told ${outcome}, wanted ${wanted}`;
    this.results.push({ case: last.case, problem: last.problem ?? problem });
  }

  /** Checks what every request has to be (RFC 6455, 4.1). */
  private readRequest(head: string, port: number, profile: Profile): ClientRequest {
    const [line = "", ...lines] = head.split("\r\n");
    const fields = new Map(
      lines.map((text) => [text.slice(0, text.indexOf(":")).toLowerCase(), text.slice(text.indexOf(": ") + 2)]),
    );
    const [, client] = /^GET (\/\w+\/\d+)\?q=1 HTTP\/1\.1$/.exec(line) ?? [];
    const key = fields.get("sec-websocket-key") ?? "";
    const wanted = {
      host: `${this.host}:${port}`,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-version": "13",
      "sec-websocket-extensions": OFFERS[profile],
    };
    for (const [name, value] of Object.entries(wanted))
      if (fields.get(name) !== value) throw new Error(`request: ${name} is ${String(fields.get(name))}`);
    if (client === undefined) throw new Error(`request: ${line}`);
    if (Buffer.from(key, "base64").length !== 16 || this.keys.has(key)) throw new Error(`request: the key ${key}`);
    this.keys.add(key);
    return { client, key, outcome: fields.get("x-outcome") ?? "" };
  }

  /** RFC 6455, 5.3: masks are not foreseeable; that they do not repeat is what can be seen here. */
  private maskResult(): Result {
    const repeated = this.masks.length - new Set(this.masks).size;
    const name = "the masks of all frames differ";
    const row = { ...requestCase("echo"), group: "masks and lengths", name };
    return {
      case: row,
      problem: repeated > 1 ? `${repeated} of ${this.masks.length} masks were used before` : undefined,
    };
  }
}

/** A row for what concerns no case of its own. */
function requestCase(profile: Profile): Case {
  return {
    group: "handshake: hostile",
    name: "the request of a client",
    side: "client",
    profile,
    handshake: { kind: "none" },
    steps: [],
  };
}

async function refuse(peer: Peer): Promise<void> {
  await peer.send(Buffer.from(`HTTP/1.1 ${NO_MORE_CASES} Gone\r\nContent-Length: 0\r\n\r\n`), "whole");
  peer.end();
  await peer.ended(2_000);
}
