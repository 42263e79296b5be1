/** Brokers of others, each a process of its own: mosquitto, aedes and nats-server. */

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Issued } from "../../apps/tls-echo/certificates.js";
import { findFreePort } from "../support/apps.js";
import { findProgram } from "../support/proxies.js";
import { eventually } from "../support/waiting.js";

/** A broker that runs. */
export interface Broker {
  /** Of its WebSocket listener. */
  readonly port: number;
  /** Of its listener for wss; 0 where it has none. */
  readonly securePort: number;
  /** Ends it without a good-bye. */
  kill(): Promise<void>;
}

/** The programs; undefined where they are not installed. */
export const mosquitto = findProgram("mosquitto");
export const natsServer = findProgram("nats-server");

/** A program of a test, and a folder of its own. */
class Program {
  readonly folder = mkdtempSync(path.join(tmpdir(), "broker-"));

  constructor() {
    // mosquitto becomes another user where it is started by root.
    chmodSync(this.folder, 0o755);
  }

  private child: ChildProcess | undefined;
  private output = "";

  file(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  start(program: string, parameters: readonly string[]): void {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => this.keep(bytes.toString()));
    this.child = child;
  }

  /** Waits until all ports take connections. */
  async listens(...ports: readonly number[]): Promise<void> {
    for (const port of ports)
      await eventually(async () => {
        if (this.child?.exitCode !== null) throw new Error(`The broker has ended: ${this.output}`);
        return isOpen(port);
      }, `port ${port} takes connections`);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private keep(text: string): void {
    this.output = (this.output + text).slice(-4_000);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Starts mosquitto, with ws and, by this certificate, wss. */
export async function startMosquitto({ certificatesPem, privateKeyPem }: Issued): Promise<Broker> {
  const program = new Program();
  const [port, securePort] = [await findFreePort(), await findFreePort()];
  const certificate = program.file("certificate.pem", certificatesPem);
  const key = program.file("key.pem", privateKeyPem);
  // The first listener is there because mosquitto 2.0.11 ends where all are for WebSockets.
  const config = program.file(
    "mosquitto.conf",
    `persistence false
allow_anonymous true
listener ${await findFreePort()} 127.0.0.1
listener ${port} 127.0.0.1
protocol websockets
listener ${securePort} 127.0.0.1
protocol websockets
certfile ${certificate}
keyfile ${key}
`,
  );
  program.start(mosquitto ?? "", ["-c", config]);
  await program.listens(port, securePort);
  return { port, securePort, kill: () => program.kill() };
}

/** Starts aedes behind the npm package `ws`. @param wanted its port, where it is to be a certain one */
export async function startAedes(wanted?: number): Promise<Broker> {
  const program = new Program();
  const port = wanted ?? (await findFreePort());
  program.start(process.execPath, ["--import", "tsx", path.resolve("tests", "mqtt", "aedesserver.ts"), String(port)]);
  await program.listens(port);
  return { port, securePort: 0, kill: () => program.kill() };
}

/** Starts `count` servers of NATS, in a cluster where they are several. With three, one may end: two are a majority. */
export async function startNats(count = 1): Promise<Broker[]> {
  const ports = await Promise.all(
    Array.from({ length: count }, async () => ({
      webSocket: await findFreePort(),
      cluster: await findFreePort(),
      // Both are needed for MQTT over WebSocket, and used by nobody here.
      others: [await findFreePort(), await findFreePort()],
    })),
  );
  const routes = ports.map(({ cluster }) => `nats://127.0.0.1:${cluster}`).join(", ");
  return Promise.all(
    ports.map(async ({ webSocket, cluster, others: [client, mqtt] }, at) => {
      const program = new Program();
      const config = program.file(
        "nats.conf",
        `server_name: nats-${at}
listen: "127.0.0.1:${client}"
jetstream { store_dir: "${program.folder}", max_mem: 64MB, max_file: 256MB }
websocket { listen: "127.0.0.1:${webSocket}", no_tls: true }
mqtt { listen: "127.0.0.1:${mqtt}" }
${count > 1 ? `cluster { name: fleet, listen: "127.0.0.1:${cluster}", routes: [${routes}] }` : ""}
`,
      );
      program.start(natsServer ?? "", ["-c", config]);
      await program.listens(webSocket);
      return { port: webSocket, securePort: 0, kill: () => program.kill() };
    }),
  );
}
