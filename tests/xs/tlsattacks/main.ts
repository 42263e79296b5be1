/** An app that attacks on TLS are tried on, in both roles: see tests/tls/attacks.simulator.test.ts. */

import { type Listener, listen, type Socket, type SocketHandlers } from "#network";
import { fromBase64, now } from "#platform";
import { connectTls } from "#tls";

import { serveControl } from "../control.js";
import { measureMemory } from "../memory.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence. What lacks memory cannot go on.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return reason === "memory full";
};

interface Connecting {
  readonly port: number;
  /** Whom to expect. */
  readonly name: string;
  /** Whom to trust: DER, in base64. */
  readonly authorities: readonly string[];
}

/** Connects to an attacker on this machine. @returns "open", or the error's code, and after how many milliseconds */
function connect({ port, name, authorities }: Connecting): Promise<object> {
  const began = now();
  return new Promise((resolve) => {
    const tell = (outcome: string, message = ""): void => {
      resolve({ outcome, message, ms: now() - began });
    };
    const socket = connectTls(
      {
        host: "127.0.0.1",
        port,
        serverName: name,
        isVerified: true,
        authorities: authorities.map(fromBase64),
        minVersion: "TLSv1.2",
      },
      {
        opened() {
          // What an attacker adds to a connection comes soon; the others wait for nothing.
          socket.write(new Uint8Array([63]));
        },
        received() {
          tell("open");
          socket.destroy();
        },
        drained() {},
        closed(error) {
          if (error === undefined) tell("closed");
          else tell(error.code, error.message);
        },
      },
    );
  });
}

interface Serving {
  readonly certificate: string;
  readonly privateKey: string;
  /** Of clients; none: clients are not asked. */
  readonly authorities: readonly string[];
}

let listener: Listener | undefined;
let acceptedCount = 0;

/** Serves an echo by TLS in the place of the one before. @returns the port */
function serve({ certificate, privateKey, authorities }: Serving): Promise<number> {
  listener?.close();
  acceptedCount = 0;
  return new Promise((resolve, reject) => {
    const accept = (socket: Socket): SocketHandlers => {
      acceptedCount += 1;
      return { received: (bytes) => void socket.write(bytes.slice()), drained() {}, closed() {} };
    };
    const identity = { certificates: [fromBase64(certificate)], privateKey: fromBase64(privateKey) };
    const opened = listen(
      {
        port: 0,
        identity,
        ...(authorities.length === 0 ? {} : { clientAuthorities: authorities.map(fromBase64) }),
      },
      { accept, failed: reject, listening: () => resolve(opened.port) },
    );
    listener = opened;
  });
}

async function main(): Promise<void> {
  const port = await serveControl({
    connect,
    serve,
    accepted: () => acceptedCount,
    memory: measureMemory,
  });
  trace(`ports ${port}\n`);
}

void main();
