/** The library's side of the fault tests: servers and clients that do what a test on Node.js asks for. Runs on XS too. */

import { clearTimer, setTimer } from "#platform";
import {
  ClientWebSocket,
  type ClientWebSocketOptions,
  type WebSocketError,
  WebSocketState,
} from "xs-websockets/client";
import {
  type AcceptDecision,
  type WebSocket,
  WebSocketServer,
  type WebSocketServerOptions,
} from "xs-websockets/server";

/** What a server's accept hook does. */
export type HookAct = "accepts" | "throws" | "rejects" | "is silent";

/** A server that is asked for. It sends texts back, and obeys two of them: "!flood" and "!watch". */
export interface ServerRequest {
  readonly options: WebSocketServerOptions;
  readonly hook?: HookAct;
}

/** What a server tells. */
export interface ServerFigures {
  /** "opened", "closed status clean|unclean". */
  readonly events: readonly string[];
  /** Characters of the longest text that came. */
  readonly longestText: number;
  readonly clientsCount: number;
  /** The largest number of bytes that waited for a client that has sent "!flood" or "!watch". */
  readonly largestQueue: number;
}

/** A client that is asked for. */
export interface ClientRequest {
  readonly uri: string;
  readonly options: ClientWebSocketOptions;
}

/** What a client tells. */
export interface ClientFigures {
  readonly texts: readonly string[];
  /** The ends of its connections. */
  readonly ends: readonly ClientEnd[];
  readonly largestQueue: number;
}

/** How a connection ended. */
export interface ClientEnd {
  readonly closeStatus: number;
  readonly wasClean: boolean;
  /** The name of its error, "" for none. */
  readonly errorName: string;
}

const FLOOD_PIECE = "z".repeat(1_000);
const WATCH_INTERVAL_MS = 20;

/** Watches how much waits to be sent. */
class QueueWatch {
  largest = 0;

  /** Sends until the queue is full, and again whenever it is empty. */
  flood(webSocket: WebSocket): void {
    const fill = (): void => {
      while (webSocket.sendString(FLOOD_PIECE)) this.look(webSocket);
      this.look(webSocket);
    };
    webSocket.onDrained = fill;
    fill();
  }

  /** Looks now and then until the connection is over. */
  watch(webSocket: WebSocket): void {
    const look = (): void => {
      this.look(webSocket);
      timer = setTimer(look, WATCH_INTERVAL_MS);
    };
    let timer = setTimer(look, WATCH_INTERVAL_MS);
    const { onConnectionClosed } = webSocket;
    webSocket.onConnectionClosed = (sender, e) => {
      clearTimer(timer);
      return onConnectionClosed?.(sender, e);
    };
  }

  private look({ bufferedAmount }: WebSocket): void {
    this.largest = Math.max(this.largest, bufferedAmount);
  }
}

/** A server and what happened to it. */
class AgentServer {
  readonly server: WebSocketServer;
  hook: HookAct;
  private readonly events: string[] = [];
  private longestText = 0;
  private readonly queues = new QueueWatch();

  constructor({ options, hook = "accepts" }: ServerRequest) {
    this.hook = hook;
    this.server = new WebSocketServer({
      ...{ address: "127.0.0.1", port: 0, ...options },
      ...(hook === "accepts" ? {} : { acceptClient: () => this.decide() }),
      onWebSocketOpened: () => void this.events.push("opened"),
      onMessageReceived: (_sender, { frame, webSocket }) => {
        this.receive(frame.text, webSocket);
      },
      onWebSocketClosed: (_sender, e) =>
        void this.events.push(`closed ${e.closeStatus} ${e.wasClean ? "clean" : "unclean"}`),
    });
  }

  get figures(): ServerFigures {
    const { events, longestText, server, queues } = this;
    return { events, longestText, clientsCount: server.clientsCount, largestQueue: queues.largest };
  }

  private decide(): AcceptDecision | Promise<AcceptDecision> {
    switch (this.hook) {
      case "accepts":
        return true;
      case "throws":
        throw new Error("The accept hook was asked to throw.");
      case "rejects":
        return Promise.reject(new Error("The accept hook was asked to reject."));
      case "is silent":
        return new Promise(() => undefined);
    }
  }

  private receive(text: string, webSocket: WebSocket): void {
    this.longestText = Math.max(this.longestText, text.length);
    if (text === "!flood") this.queues.flood(webSocket);
    else if (text === "!watch") this.queues.watch(webSocket);
    else webSocket.sendString(text);
  }
}

/** A client and what happened to it. */
class AgentClient {
  readonly socket: ClientWebSocket;
  private readonly texts: string[] = [];
  private readonly ends: ClientEnd[] = [];
  private readonly queues = new QueueWatch();

  constructor(options: ClientWebSocketOptions) {
    this.socket = new ClientWebSocket({
      ...options,
      onMessageReceived: (_sender, { frame }) => void this.texts.push(frame.text),
      onConnectionClosed: (_sender, { closeStatus, wasClean, error }) =>
        void this.ends.push({ closeStatus, wasClean, errorName: error?.name ?? "" }),
    });
  }

  get figures(): ClientFigures {
    return { texts: this.texts, ends: this.ends, largestQueue: this.queues.largest };
  }

  flood(): void {
    this.queues.flood(this.socket);
  }

  watch(): void {
    this.queues.watch(this.socket);
  }
}

/** A message of a client, as often as `times` says. */
export interface SendRequest {
  readonly client: number;
  readonly text: string;
  readonly times?: number;
}

/** What `connect` resolves with. */
export interface Connected {
  readonly client: number;
  /** The name of the error where it could not connect. */
  readonly failure?: string;
}

interface ServerId {
  readonly server: number;
}

interface ClientId {
  readonly client: number;
}

/** The commands of one host, for servers and clients that are known by numbers. */
export interface AgentCommands {
  readonly serve: (request: ServerRequest) => Promise<ServerId & { readonly port: number }>;
  readonly setHook: (which: ServerId & { readonly hook: HookAct }) => void;
  readonly server: (which: ServerId) => ServerFigures;
  readonly stopServer: (which: ServerId) => void;
  readonly connect: (request: ClientRequest) => Promise<Connected>;
  readonly client: (which: ClientId) => ClientFigures;
  /** Sends while the connection is open and its queue has room. Gives how often. */
  readonly send: (request: SendRequest) => number;
  readonly flood: (which: ClientId) => void;
  readonly watch: (which: ClientId) => void;
  readonly close: (which: ClientId & { readonly closeStatus: number }) => void;
  readonly abort: (which: ClientId) => void;
}

/** Things by the number that they got. */
class Numbered<T> {
  private readonly things = new Map<number, T>();
  private count = 0;

  add(thing: T): number {
    this.things.set(++this.count, thing);
    return this.count;
  }

  get(number: number): T {
    const thing = this.things.get(number);
    if (thing === undefined) throw new Error(`There is no number ${number}.`);
    return thing;
  }

  take(number: number): T {
    const thing = this.get(number);
    this.things.delete(number);
    return thing;
  }
}

/** What a host can be asked to do. */
export function createAgent(): AgentCommands {
  const servers = new Numbered<AgentServer>();
  const clients = new Numbered<AgentClient>();
  return {
    async serve(request) {
      const made = new AgentServer(request);
      await made.server.start();
      return { server: servers.add(made), port: made.server.port };
    },
    setHook({ server, hook }) {
      servers.get(server).hook = hook;
    },
    server: ({ server }) => servers.get(server).figures,
    stopServer({ server }) {
      servers.take(server).server.abort();
    },
    async connect({ uri, options }) {
      const made = new AgentClient(options);
      const client = clients.add(made);
      try {
        await made.socket.connect(uri);
        return { client };
      } catch (error) {
        return { client, failure: (error as WebSocketError).name };
      }
    },
    client: ({ client }) => clients.get(client).figures,
    send({ client, text, times = 1 }) {
      const { socket } = clients.get(client);
      let sent = 0;
      while (sent < times && socket.state === WebSocketState.Open && socket.sendString(text)) sent++;
      return sent;
    },
    flood({ client }) {
      clients.get(client).flood();
    },
    watch({ client }) {
      clients.get(client).watch();
    },
    close({ client, closeStatus }) {
      clients.get(client).socket.close(closeStatus);
    },
    abort({ client }) {
      clients.take(client).socket.abort();
    },
  };
}
