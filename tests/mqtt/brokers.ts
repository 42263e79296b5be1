/** Brokers of others, each a process of its own: mosquitto, aedes and nats-server. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import type { Issued } from "../../apps/tls-echo/certificates.js";
import { findFreePort } from "../support/apps.js";
import { findProgram } from "../support/proxies.js";
import { eventually } from "../support/waiting.js";

/** A broker that runs. */
export interface Broker {
  /** Of its WebSocket listener. */
  readonly port: number;
  /** Of its listener for wss, where who gives a user name has to give the password, too; 0 where it has none. */
  readonly securePort: number;
  /** Of a listener, perhaps the same, where `USER` has to give `PASSWORD`. */
  readonly passwordPort: number;
  /** Ends it without a good-bye. */
  kill(): Promise<void>;
  /** Ends it as a system does that is shut down, and starts it again; undefined where it keeps nothing. */
  readonly restart?: () => Promise<void>;
}

/** Who is let in where a broker asks. */
export const USER = "sensor";
export const PASSWORD = "a secret äöü";

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
  private startAgain: () => void = () => undefined;

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
    this.startAgain = () => this.start(program, parameters);
  }

  /** @param ports those that take connections then */
  async restart(...ports: readonly number[]): Promise<void> {
    await this.end("SIGTERM");
    this.startAgain();
    await this.listens(...ports);
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
    await this.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill(signal);
    await ended;
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

/** Starts mosquitto, with ws, by this certificate wss, and ws for those who have a password. */
export async function startMosquitto({ certificatesPem, privateKeyPem }: Issued): Promise<Broker> {
  const program = new Program();
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()] as const;
  const [port, securePort, passwordPort] = ports;
  const certificate = program.file("certificate.pem", certificatesPem);
  const key = program.file("key.pem", privateKeyPem);
  const passwords = program.file("passwords", `${USER}:${PASSWORD}\n`);
  execFileSync("mosquitto_passwd", ["-U", passwords]);
  // The first listener is there because mosquitto 2.0.11 ends where all are for WebSockets.
  const config = program.file(
    "mosquitto.conf",
    `persistence true
persistence_location ${program.folder}/
user ${userInfo().username}
per_listener_settings true
listener ${await findFreePort()} 127.0.0.1
listener ${port} 127.0.0.1
protocol websockets
allow_anonymous true
listener ${securePort} 127.0.0.1
protocol websockets
allow_anonymous true
password_file ${passwords}
certfile ${certificate}
keyfile ${key}
listener ${passwordPort} 127.0.0.1
protocol websockets
allow_anonymous false
password_file ${passwords}
`,
  );
  program.start(mosquitto ?? "", ["-c", config]);
  await program.listens(...ports);
  return {
    ...{ port, securePort, passwordPort },
    kill: () => program.kill(),
    restart: () => program.restart(...ports),
  };
}

/** Starts aedes behind the npm package `ws`. @param wanted its port, where it is to be a certain one */
export async function startAedes(wanted?: number): Promise<Broker> {
  const program = new Program();
  const port = wanted ?? (await findFreePort());
  const source = path.resolve("tests", "mqtt", "aedesserver.ts");
  program.start(process.execPath, ["--import", "tsx", source, String(port), USER, PASSWORD]);
  await program.listens(port);
  return { port, securePort: 0, passwordPort: port, kill: () => program.kill() };
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
authorization { users: [ { user: "anyone", password: "${at}" }, { user: "${USER}", password: "${PASSWORD}" } ] }
websocket { listen: "127.0.0.1:${webSocket}", no_tls: true, no_auth_user: "anyone" }
# What a device has not acknowledged comes again, by default after 30 s: later than tests wait.
mqtt { listen: "127.0.0.1:${mqtt}", no_auth_user: "anyone", ack_wait: "10s" }
${count > 1 ? `cluster { name: fleet, listen: "127.0.0.1:${cluster}", routes: [${routes}] }` : ""}
`,
      );
      program.start(natsServer ?? "", ["-c", config]);
      await program.listens(webSocket);
      return {
        ...{ port: webSocket, securePort: 0, passwordPort: webSocket },
        kill: () => program.kill(),
        restart: () => program.restart(webSocket),
      };
    }),
  );
}
