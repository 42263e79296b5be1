/** What a case works with: a device of its own, its peers, and the checks that hold for every case. */

import type { TlsOptions } from "node:tls";

import type { Subject, Variant } from "./build.js";
import type { Behaviour, Command, ConnectionState, IdentityText } from "./commands.js";
import { Device, type Statistics } from "./device.js";
import { dial, type Peer, PeerServer, type PeerOptions } from "./peer.js";
import { letTimePass, PATIENCE_MS, within } from "../support/waiting.js";

/** How the device and Linux reach each other. */
export interface Network {
  /** The device's variables: LWIP_WIRE, and addresses. */
  readonly environment: Readonly<Record<string, string>>;
  readonly deviceAddress: string;
  readonly peerAddress: string;
  /** One in the same subnet that nobody has. */
  readonly nobody: string;
}

export interface BenchOptions {
  readonly program: string;
  readonly subject: Subject;
  readonly variant: Variant;
  readonly network: Network;
  /** Whether the counts are those of a run by hand. */
  readonly isLong: boolean;
}

/** A case fails by an exception. */
export interface Case {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<void>;
}

export function defineCase(name: string, run: Case["run"]): Case {
  return { name, run };
}

/** Ports of the device that cases use. */
export const PORT = 9_001;

export class Bench {
  readonly device: Device;
  readonly network: Network;
  readonly variant: Variant;
  readonly subject: Subject;
  readonly isLong: boolean;
  /** What was measured, for the record. */
  readonly figures: Record<string, number> = {};
  /** The statistics of a device that has done nothing yet. */
  #start: Statistics | undefined;
  readonly #peers: Peer[] = [];
  #forgotten = 0;
  readonly #servers: PeerServer[] = [];

  private constructor({ program, network, variant, subject, isLong }: BenchOptions) {
    // Defects of the SDK's module are to be seen one by one.
    const goesOn: Record<string, string> = subject === "sdk" ? { LWIP_KEEP_GOING: "1" } : {};
    this.device = Device.start(program, { ...network.environment, ...goesOn });
    this.network = network;
    this.variant = variant;
    this.subject = subject;
    this.isLong = isLong;
  }

  /** Runs a case. @returns what is wrong, undefined for nothing, and its figures */
  static async run(
    row: Case,
    options: BenchOptions,
  ): Promise<{ problem: string | undefined; figures: Record<string, number> }> {
    const bench = new Bench(options);
    const { isLong } = options;
    let problem: string | undefined;
    try {
      await within(isLong ? 1_200_000 : 400_000, bench.#play(row), "the end");
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (process.env["LWIP_VERBOSE"] !== undefined) process.stderr.write(`${bench.device.lines.join("\n")}\n`);
    const { problems } = bench.device;
    if (problems.length > 0) problem = [problem, ...problems].filter((text) => text !== undefined).join("\n");
    for (const peer of bench.#peers) peer.socket.destroy();
    for (const server of bench.#servers) server.stop();
    await bench.device.stop();
    return { problem, figures: bench.figures };
  }

  /** Listens, and waits until that stands. */
  async listen(behaviour: Behaviour, amount = 0, port = PORT, identity?: IdentityText): Promise<void> {
    const from = this.device.lines.length;
    const secured = identity === undefined ? {} : { identity };
    await this.device.tell({ do: "listen", port, behaviour, amount, ...secured });
    const line = await this.device.line(new RegExp(`^listening ${port} `), PATIENCE_MS, from);
    if (!line.endsWith(" done")) throw new Error(line);
  }

  /** A connection of Linux to the device. */
  async dial(options: PeerOptions = {}, port = PORT): Promise<Peer> {
    return this.keep(await dial(this.network.deviceAddress, port, options));
  }

  /** The same, and the device's end of it. */
  async pair(options: PeerOptions = {}): Promise<{ readonly peer: Peer; readonly id: number }> {
    const from = this.device.lines.length;
    const peer = await this.dial(options);
    return { peer, id: await this.accepted(from) };
  }

  /** The number of the connection that was accepted behind the line `from`. */
  async accepted(from: number): Promise<number> {
    const line = await this.device.line(/^event \d+ accept/, PATIENCE_MS, from);
    return Number(line.split(" ")[1]);
  }

  /** Waits until a connection has closed. @returns its state then */
  async closed(id: number, timeoutMs = PATIENCE_MS): Promise<ConnectionState> {
    await this.device.line(new RegExp(`^event ${id} close`), timeoutMs);
    return this.state(id);
  }

  async state(id: number): Promise<ConnectionState> {
    const [state] = (await this.device.tell({ do: "state", id })) as ConnectionState[];
    if (state === undefined) throw new Error(`no connection ${id}`);
    return state;
  }

  tell(command: Command): Promise<unknown> {
    return this.device.tell(command);
  }

  /** XS does nothing for so long, from now on. @returns what waits until that is over */
  async stallXs(ms: number): Promise<() => Promise<unknown>> {
    const over = this.device.ask(`stallXs ${ms}`);
    // It is at rest when the command has reached it.
    await letTimePass(30);
    over.catch(() => undefined);
    return () => over;
  }

  /** Lets a peer do something, and waits until the device has so many more frames. */
  async hears(frames: number, act: () => void): Promise<void> {
    const { framesIn } = await this.device.statistics();
    act();
    await this.until((now) => now.framesIn >= framesIn + frames, `${frames} frames do not come`);
    // Behind the frames in the tcpip thread's mailbox.
    await this.device.statistics();
  }

  /** Waits until all that was sent and received is where it belongs. @returns the statistics then */
  atRest(): Promise<Statistics> {
    return this.until(
      ({ unsent, unacked, outOfOrder, refused }) => unsent + unacked + outOfOrder + refused === 0,
      "bytes are on their way",
    );
  }

  /** A server of Linux. */
  async serve(accept: (peer: Peer) => void, tls?: TlsOptions): Promise<PeerServer> {
    const accepted = (peer: Peer): void => {
      accept(this.keep(peer));
    };
    const server = await PeerServer.start(this.network.peerAddress, accepted, tls);
    this.#servers.push(server);
    return server;
  }

  keep(peer: Peer): Peer {
    this.#peers.push(peer);
    return peer;
  }

  /** The case needs the peer no more: of many, not all are kept. On the device what has closed is forgotten. */
  async forget(peer: Peer): Promise<void> {
    const at = this.#peers.indexOf(peer);
    if (at >= 0) this.#peers.splice(at, 1);
    this.#forgotten += 1;
    if (this.#forgotten % 50 === 0) await this.device.tell({ do: "forget" });
  }

  /** Waits until the device's statistics are as they should be. @throws Error with them where they do not become so */
  async until(
    condition: (statistics: Statistics) => boolean,
    what: string,
    timeoutMs = PATIENCE_MS,
  ): Promise<Statistics> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const statistics = await this.device.statistics();
      if (condition(statistics)) return statistics;
      if (performance.now() > deadline) throw new Error(`${what}: ${JSON.stringify(statistics)}`);
      await letTimePass(20);
    }
  }

  /** Ends all, and takes what is left for what the case begins with: it is allocated once. */
  async startAnew(): Promise<void> {
    await this.device.tell({ do: "clear" });
    await this.until(({ active, listening }) => active + listening === 0, "a first connection is left");
    await this.device.ask("clearTimeWait");
    this.#start = await this.device.statistics();
    await this.device.ask("restart");
  }

  /** Whether the heap is that of the start, once nothing is open. */
  async nothingIsLeft(): Promise<void> {
    const start = this.#start;
    if (start === undefined) return;
    await this.device.ask("cap 0");
    await this.device.ask("failEvery 0");
    await this.device.tell({ do: "clear" });
    for (const peer of this.#peers.splice(0)) peer.socket.destroy();
    await this.device.wire({});
    await this.device.ask("speed 60");
    await this.until(
      ({ active, listening, bound }) => active + listening + bound === 0,
      "connections are left, a minute after the end of all",
    );
    await this.device.ask("clearTimeWait");
    await this.until(
      ({ blocks, heap }) => blocks <= start.blocks && heap <= start.heap,
      `memory is left, where there were ${start.heap} bytes in ${start.blocks} blocks at the start`,
    );
  }

  async #play(row: Case): Promise<void> {
    await this.#warmUp();
    await row.run(this);
    await this.#finish();
  }

  async #warmUp(): Promise<void> {
    await this.device.line(/^ready/);
    // What is allocated once: for ARP, for the module's message, for the first listener.
    await this.listen("check", 0, 9_000);
    const peer = await this.dial({}, 9_000);
    peer.write("a").socket.end();
    await this.device.line(/^event 1 close/);
    await this.startAnew();
  }

  async #finish(): Promise<void> {
    await this.nothingIsLeft();
    const { waits } = await this.device.statistics();
    if (waits > 0) throw new Error(`XS and the tcpip thread have waited for each other ${waits} times`);
  }
}
