/** A HubConnection, and a server that follows a script, for each test of a file. */

import { HubConnection, type HubConnectionOptions, type Wait } from "../../modules/signalr/client.js";
import { type ScriptedPeer, ScriptedServer } from "./script.js";

/** What the tests of a file share. */
export interface ScriptTest {
  server: ScriptedServer;
  /** A connection that is stopped after its test. */
  create(options?: HubConnectionOptions): HubConnection;
  /** The same, connected. */
  start(options?: HubConnectionOptions): Promise<[HubConnection, ScriptedPeer]>;
}

/** Sets a server up for each test of the file. */
export function setUpScript(): ScriptTest {
  const connections: HubConnection[] = [];
  const script = { create, start } as ScriptTest;

  beforeEach(async () => {
    jest.spyOn(console, "log").mockImplementation(() => undefined);
    script.server = await ScriptedServer.start();
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.stop();
    await script.server.stop();
    jest.restoreAllMocks();
  });

  function create(options: HubConnectionOptions = {}): HubConnection {
    const connection = new HubConnection(script.server.url, { closeTimeoutMs: 300, ...options });
    connections.push(connection);
    return connection;
  }

  async function start(options?: HubConnectionOptions): Promise<[HubConnection, ScriptedPeer]> {
    const connection = create(options);
    const started = connection.start();
    const client = await (await script.server.accept()).shakeHands();
    await started;
    return [connection, client];
  }

  return script;
}

/** Pauses before a reconnect that a test ends by hand. */
export class ManualWait {
  readonly delays: number[] = [];
  cancelled = 0;
  elapse: () => void = () => undefined;
  readonly wait: Wait = (delayMs, elapsed) => {
    this.delays.push(delayMs);
    this.elapse = elapsed;
    return () => {
      this.cancelled++;
    };
  };
}
