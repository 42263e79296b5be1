/** nats-server, whose MQTT is also spoken over WebSocket. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

/** Debian has it where not every PATH leads. */
const PROGRAM = existsSync("/usr/sbin/nats-server") ? "/usr/sbin/nats-server" : "nats-server";

/** Whether it is installed. */
export const hasNatsServer = spawnSync(PROGRAM, ["--version"]).status === 0;

/** A server that runs. */
export interface NatsServer {
  /** Where it speaks MQTT over WebSocket. */
  readonly mqttUrl: string;
  stop(): Promise<void>;
}

/** Starts it on ports of the system's choice. */
export async function startNatsServer(): Promise<NatsServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "nats-"));
  const configuration = path.join(folder, "server.conf");
  writeFileSync(
    configuration,
    `server_name: test
host: 127.0.0.1
port: -1
jetstream { store_dir: "${folder}" }
mqtt { host: 127.0.0.1, port: -1 }
websocket { host: 127.0.0.1, port: -1, no_tls: true }
`,
  );
  const child = spawn(PROGRAM, ["-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines: string[] = [];
  const port = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (line.endsWith("Server is ready"))
        resolve(/websocket clients on ws:\/\/127\.0\.0\.1:(\d+)/.exec(lines.join("\n"))?.[1] ?? "");
    });
    child.once("close", () => reject(new Error(`nats-server has ended:\n${lines.join("\n")}`)));
  });
  return {
    mqttUrl: `ws://127.0.0.1:${port}/mqtt`,
    async stop() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
