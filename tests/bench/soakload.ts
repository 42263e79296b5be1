/** Clients that send at a steady rate and want each message back, and the server that sends it. Runs on XS too. */

import { clearTimer, now, setTimer, type TimerHandle } from "#platform";
import { ClientWebSocket } from "xs-websockets/client";
import { WebSocketServer } from "xs-websockets/server";

/** Sizes of the messages in bytes: each client has one of them. */
const SIZES: readonly number[] = Object.freeze([16, 125, 1_024, 4_096]);
const LIMITS = { maxMessageBytes: 16_384, maxQueueBytes: 65_536 } as const;
/** How long a client that leaves waits for what is on its way. */
const PATIENCE_MS = 10_000;

/** What clients do. */
export interface SoakPlan {
  readonly port: number;
  readonly clients: number;
  /** Messages a second of each client. */
  readonly rate: number;
}

/** What became of it. Times are milliseconds from sending a message to having it back. */
export interface SoakFigures {
  readonly sent: number;
  readonly received: number;
  /** Messages for which a queue had no room. */
  readonly refused: number;
  /** Connections that ended by themselves. */
  readonly lost: number;
  readonly medianMs: number;
  readonly slowPercentMs: number;
  readonly slowestMs: number;
}

/** A server that sends each message back. */
export async function startSoakServer(): Promise<WebSocketServer> {
  const server = new WebSocketServer({ ...LIMITS, port: 0, maxClients: 64 });
  server.onMessageReceived = (_sender, { frame, webSocket }) => {
    webSocket.sendString(frame.text);
  };
  await server.start();
  return server;
}

/** Each step of the histogram is 5 % longer than the one before; the last one is over 20 s. */
const STEP = 1.05;
const STEPS = 300;
const FIRST_MS = 0.01;

/** Times, counted by their length: millions of them take no more room than a few. */
class Latencies {
  slowestMs = 0;
  private readonly counts = new Array<number>(STEPS).fill(0);
  private count = 0;

  add(latencyMs: number): void {
    const step = Math.floor(Math.log(Math.max(latencyMs, FIRST_MS) / FIRST_MS) / Math.log(STEP));
    const at = Math.min(step, STEPS - 1);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.count++;
    this.slowestMs = Math.max(this.slowestMs, latencyMs);
  }

  /** The time within which this part of all came back, to 5 %. */
  within(part: number): number {
    let missing = this.count * part;
    const at = this.counts.findIndex((count) => (missing -= count) <= 0);
    return Math.min(this.slowestMs, FIRST_MS * STEP ** (at + 1));
  }
}

/** What all clients count together. */
class Tally {
  sent = 0;
  received = 0;
  refused = 0;
  lost = 0;
  readonly latencies = new Latencies();
}

/** One client: it sends the time and a filling. */
class SoakClient {
  private readonly client = new ClientWebSocket(LIMITS);
  private readonly uri: string;
  private readonly intervalMs: number;
  private readonly size: number;
  private readonly tally: Tally;
  private timer: TimerHandle | undefined = undefined;
  private nextAt = 0;
  private waiting = 0;
  private arrived: (() => void) | undefined = undefined;

  constructor({ port, rate }: SoakPlan, size: number, tally: Tally) {
    this.uri = `ws://127.0.0.1:${port}/`;
    this.intervalMs = 1_000 / rate;
    this.size = size;
    this.tally = tally;
    this.client.onMessageReceived = (_sender, { frame }) => {
      this.receive(frame.text);
    };
  }

  async start(delayMs: number): Promise<void> {
    this.waiting = 0;
    await this.client.connect(this.uri);
    this.client.onConnectionClosed = () => {
      this.tally.lost++;
      this.cancel();
    };
    this.nextAt = now() + delayMs;
    this.arm();
  }

  /** Waits for what is on its way, and closes. */
  async stop(): Promise<void> {
    this.cancel();
    if (this.waiting > 0) await this.arrival();
    await new Promise<void>((resolve) => {
      this.client.onConnectionClosed = () => resolve();
      this.client.close();
    });
    this.client.onConnectionClosed = undefined;
  }

  private receive(text: string): void {
    this.tally.received++;
    this.tally.latencies.add(now() - Number(text.slice(0, text.indexOf(" "))));
    if (--this.waiting === 0) this.arrived?.();
  }

  private arm(): void {
    this.timer = setTimer(() => this.send(), Math.max(0, this.nextAt - now()));
  }

  private send(): void {
    if (this.client.sendString(`${now()} `.padEnd(this.size, "x"))) {
      this.tally.sent++;
      this.waiting++;
    } else this.tally.refused++;
    this.nextAt += this.intervalMs;
    this.arm();
  }

  private cancel(): void {
    if (this.timer !== undefined) clearTimer(this.timer);
    this.timer = undefined;
  }

  private arrival(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimer(resolve, PATIENCE_MS);
      this.arrived = () => {
        clearTimer(timer);
        this.arrived = undefined;
        resolve();
      };
    });
  }
}

/** All clients of a host. */
export class SoakLoad {
  private readonly tally = new Tally();
  private readonly plan: SoakPlan;
  private readonly clients: SoakClient[];
  private turn = 0;

  constructor(plan: SoakPlan) {
    this.plan = plan;
    this.clients = Array.from(
      { length: plan.clients },
      (_, at) => new SoakClient(plan, SIZES[at % SIZES.length] ?? 0, this.tally),
    );
  }

  get figures(): SoakFigures {
    const { sent, received, refused, lost, latencies } = this.tally;
    const times = { medianMs: latencies.within(0.5), slowPercentMs: latencies.within(0.99) };
    return { sent, received, refused, lost, ...times, slowestMs: latencies.slowestMs };
  }

  async start(): Promise<void> {
    const { rate, clients } = this.plan;
    await Promise.all(this.clients.map((client, at) => client.start((1_000 * at) / rate / clients)));
  }

  /** One client leaves, and comes again. */
  async replaceOne(): Promise<void> {
    const leaver = this.clients[this.turn++ % this.clients.length];
    await leaver?.stop();
    await leaver?.start(0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
  }
}
