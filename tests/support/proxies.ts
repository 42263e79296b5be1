/** Reverse proxies, as processes with files of their own. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "./waiting.js";

/** Debian puts them where only root looks. */
const FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/opt/homebrew/bin"];

/** Where a program is; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

/** The program; undefined where it is not installed. */
export const nginx = findProgram("nginx");
export const haproxy = findProgram("haproxy");
export const caddy = findProgram("caddy");
export const apache = findProgram("apache2");

/** A proxy that runs. */
export interface Proxy {
  stop(): Promise<void>;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/**
 * Starts a proxy and waits until it listens.
 *
 * @param files what is in its folder, where it runs
 */
async function start(
  program: string,
  parameters: readonly string[],
  port: number,
  files: Readonly<Record<string, string>>,
): Promise<Proxy> {
  const folder = mkdtempSync(path.join(tmpdir(), "proxy-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  // Caddy keeps what it knows in there.
  const env = { ...process.env, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child: ChildProcess = spawn(program, parameters, { cwd: folder, env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async (): Promise<void> => {
    // They are one process each, and Apache httpd waits for its tunnels to end.
    if (child.kill("SIGKILL")) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => isOpen(port), "a proxy that listens");
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** @param http what stands in the block `http` @param files certificates and keys, by the names it has for them */
export function startNginx(http: string, port: number, files: Readonly<Record<string, string>> = {}): Promise<Proxy> {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  const text = `
    daemon off;
    master_process off;
    pid nginx.pid;
    error_log stderr crit;
    events { worker_connections 64; }
    http {
      access_log off;
      ${temporary.join("\n      ")}
      ${http}
    }`;
  const parameters = ["-p", ".", "-c", "nginx.conf", "-e", "stderr"];
  return start(nginx ?? "", parameters, port, { ...files, "nginx.conf": text });
}

/** @param text its whole configuration */
export function startHaproxy(text: string, port: number, files: Readonly<Record<string, string>> = {}): Promise<Proxy> {
  return start(haproxy ?? "", ["-f", "haproxy.cfg", "-db"], port, { ...files, "haproxy.cfg": text });
}

/** @param sites its sites, with ports of their own */
export function startCaddy(sites: string, port: number, files: Readonly<Record<string, string>> = {}): Promise<Proxy> {
  const text = `{
    admin off
    auto_https disable_redirects
  }
  ${sites}`;
  return start(caddy ?? "", ["run", "--config", "Caddyfile", "--adapter", "caddyfile"], port, {
    ...files,
    Caddyfile: text,
  });
}

const APACHE_MODULES = ["mpm_event", "authz_core", "proxy", "proxy_http", "ssl", "socache_shmcb", "headers"];

/** @param host its virtual host */
export function startApache(host: string, port: number, files: Readonly<Record<string, string>> = {}): Promise<Proxy> {
  const text = `
    ServerRoot "\${PWD}"
    DefaultRuntimeDir "\${PWD}"
    PidFile apache.pid
    ErrorLog error.log
    ServerName localhost
    Timeout 1
    Listen 127.0.0.1:${port}
    ${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n    ")}
    ${host}`;
  return start("/bin/sh", ["-c", `PWD=$(pwd) exec ${apache ?? ""} -f "$(pwd)/apache.conf" -X`], port, {
    ...files,
    "apache.conf": text,
  });
}
