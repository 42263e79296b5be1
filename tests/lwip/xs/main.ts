/** The program on the device under test: it does what the cases on Node.js say, see ../commands.ts. */

import TCP from "embedded:io/socket/tcp";
import { connect, listen, type Listener, type Socket } from "#network";
import { fromBase64, setTimer } from "#platform";
import { connectTls, type TlsIdentity } from "#tls";

import { ClientWebSocket } from "xs-websockets/client";
import { WebSocketServer } from "xs-websockets/server";
import type { Command, ConnectionState, IdentityText } from "../commands.js";
import { Connection } from "./connection.js";
import { hold, stall } from "./native.js";

declare const globalThis: {
  abort?: (reason: string, error: unknown) => boolean;
  /** Called by ../program/control.c. */
  command?: (text: string) => string;
};

const tell = (line: string): void => {
  trace(`${line}\n`);
};

// An exception that nobody catches would stop the app in silence. What lacks memory cannot go on.
globalThis.abort = (reason, error) => {
  tell(`uncaught (${reason}): ${String(error)}`);
  return reason !== "memory full";
};

function secured(identity: IdentityText | undefined): { readonly identity?: TlsIdentity } {
  if (identity === undefined) return {};
  const certificates = identity.certificates.map((text) => fromBase64(text));
  return { identity: { certificates, privateKey: fromBase64(identity.privateKey) } };
}

const tellFailure = (error: unknown): void => {
  tell(`uncaught: ${String(error)}`);
};

class Program {
  readonly #connections = new Map<number, Connection>();
  /** Those that listen. */
  readonly #listeners = new Map<number, Listener>();
  readonly #allListeners = new Set<Listener>();
  #server: WebSocketServer | undefined;
  #count = 0;

  obey(command: Command): unknown {
    switch (command.do) {
      case "listen":
        this.#listen(command);
        return undefined;
      case "unlisten":
        this.#unlisten(command.port);
        return undefined;
      case "connect":
        return this.#connect(command);
      case "write":
        for (const connection of this.#select(command.id)) connection.write(command.bytes);
        return undefined;
      case "burst":
        for (const connection of this.#select(command.id))
          this.#burst(connection, command.count, command.bytes, command.everyMs);
        return undefined;
      case "pause":
      case "resume":
      case "end":
      case "destroy":
        for (const connection of this.#select(command.id)) connection.socket?.[command.do]();
        return undefined;
      case "state":
        return this.#select(command.id).map((connection): ConnectionState => connection.state);
      case "stall":
        stall(command.ms);
        return undefined;
      case "hold":
        hold(command.isHeld);
        return undefined;
      case "turn":
        return command.commands.map((each) => this.obey(each));
      case "serve":
        return void this.#serve(command).catch(tellFailure);
      case "dial":
        return void this.#dial(command).catch(tellFailure);
      case "connectByGetters":
        connectByGetters(command.host, command.port);
        return undefined;
      case "listenLate":
        return void this.#listenLate(command.url).catch(tellFailure);
      case "forget":
        for (const { id, isOver } of this.#select(command.id)) {
          if (isOver || command.id === id) this.#connections.delete(id);
        }
        return this.#connections.size;
      case "clear":
        this.#clear();
        return undefined;
    }
  }

  #select(id: number | undefined): Connection[] {
    const connection = id === undefined ? undefined : this.#connections.get(id);
    if (connection !== undefined) return [connection];
    return id === undefined ? [...this.#connections.values()] : [];
  }

  #add({ behaviour, amount = 0 }: Command & { readonly do: "listen" | "connect" }): Connection {
    this.#count += 1;
    const connection = new Connection(this.#count, behaviour, amount, tell);
    this.#connections.set(connection.id, connection);
    return connection;
  }

  #listen(command: Command & { readonly do: "listen" }): void {
    const { port } = command;
    const listener = listen(
      { port, ...secured(command.identity) },
      {
        accept: (socket: Socket) => {
          const connection = this.#add(command);
          connection.accepted(socket);
          return connection;
        },
        failed: ({ code }) => {
          this.#allListeners.delete(listener);
          tell(`listening ${port} ${code}`);
        },
        listening: () => {
          this.#listeners.set(port, listener);
          tell(`listening ${port} done`);
        },
      },
    );
    this.#allListeners.add(listener);
  }

  #unlisten(port: number): void {
    const listener = this.#listeners.get(port);
    if (listener === undefined) return;
    listener.close();
    this.#listeners.delete(port);
    this.#allListeners.delete(listener);
  }

  #connect(command: Command & { readonly do: "connect" }): number {
    const connection = this.#add(command);
    const { host, port, authority } = command;
    connection.socket =
      authority === undefined
        ? connect({ host, port }, connection)
        : connectTls(
            {
              host,
              port,
              authorities: [fromBase64(authority)],
              serverName: "",
              isVerified: true,
              minVersion: "TLSv1.2",
            },
            connection,
          );
    return connection.id;
  }

  #burst(connection: Connection, count: number, bytes: number, everyMs: number): void {
    if (everyMs === 0) for (let index = 0; index < count; index += 1) connection.write(bytes);
    else if (count > 0 && !connection.isOver) {
      connection.write(bytes);
      setTimer(() => {
        this.#burst(connection, count - 1, bytes, everyMs);
      }, everyMs);
      return;
    }
    tell(`burst ${connection.id} done`);
  }

  async #serve({ maxClients, identity, isSmall = false }: Command & { readonly do: "serve" }): Promise<void> {
    const sizes = { maxMessageBytes: 1_100_000, maxQueueBytes: 2_200_000, keepAliveInterval: 0 };
    const short = { handshakeTimeoutMs: 2_000, keepAliveInterval: 2_000, serverTimeout: 6_000 };
    const options = { port: 9_001, maxClients, ...(isSmall ? short : sizes) };
    this.#server = new WebSocketServer({ ...options, ...secured(identity) });
    this.#server.onMessageReceived = (_sender, { frame, webSocket }) => {
      webSocket.sendBytes(frame.buffer);
    };
    await this.#server.start();
    tell("serving");
  }

  async #dial({ url, count, authority, characters = 5 }: Command & { readonly do: "dial" }): Promise<void> {
    let failures = 0;
    const trust = authority === undefined ? {} : { certificate: fromBase64(authority) };
    for (let index = 0; index < count; index += 1) {
      const sizes = { maxMessageBytes: 100_000, maxQueueBytes: 110_000 };
      const client = new ClientWebSocket({ connectTimeout: 8_000, ...sizes, ...trust });
      client.onMessageReceived = () => {
        client.close();
      };
      const closed = new Promise<boolean>((resolve) => {
        client.onConnectionClosed = (_sender, { wasClean }) => {
          resolve(wasClean);
        };
      });
      const isOpen = await client.connect(url).then(
        () => true,
        () => false,
      );
      if (isOpen) client.sendString("x".repeat(characters));
      if (!(await closed)) failures += 1;
    }
    tell(`dialled ${count - failures} ${failures}`);
  }

  async #listenLate(url: string): Promise<void> {
    const client = new ClientWebSocket({ connectTimeout: 8_000 });
    const state = { isOpen: false };
    void slowDown(() => state.isOpen).catch(tellFailure);
    await client.connect(url);
    state.isOpen = true;
    client.onMessageReceived = (_sender, { frame }) => {
      tell(`first ${frame.text}`);
      client.abort();
    };
  }

  #clear(): void {
    for (const connection of this.#connections.values()) connection.socket?.destroy();
    for (const listener of this.#allListeners) listener.close();
    this.#connections.clear();
    this.#listeners.clear();
    this.#allListeners.clear();
    this.#server?.abort();
    this.#server = undefined;
  }
}

function connectByGetters(address: string, port: number): void {
  const told = new Set<string>();
  const teller = (event: string) =>
    function (this: TCP): void {
      if (!told.has(event)) tell(`getters ${event}`);
      told.add(event);
      if (event === "readable") this.close();
    };
  new TCP({
    address,
    port,
    get onReadable() {
      return teller("readable");
    },
    get onWritable() {
      return teller("writable");
    },
    get onError() {
      return teller("error");
    },
    get target() {
      const kept: object[] = [];
      for (let count = 0; count < 100_000; count += 1) kept[count % 5_000] = { count };
      return kept.length;
    },
  });
}

/** Steps of promises that take their time, as on a device. */
async function slowDown(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    stall(2);
    await Promise.resolve();
  }
}

const program = new Program();

globalThis.command = (text) => JSON.stringify(program.obey(JSON.parse(text) as Command) ?? null);
tell("ready");
