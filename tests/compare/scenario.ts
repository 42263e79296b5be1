/** What each program is made to do, on Node.js and on XS. No API of Node or Jest. */

import { clearTimer, setTimer } from "#platform";
import { letTimePass, PATIENCE_MS } from "../support/waiting.js";

/** Where a program connects to. */
export interface Target {
  readonly port: number;
  /** By TLS: the name that the certificate should have. The address is 127.0.0.1 in any case. */
  readonly name?: string;
  /** By TLS: the only authority to trust, DER in base64. */
  readonly authority?: string;
}

/** A connection that a program has made. */
export interface Connection {
  /** Sends a text. @returns false where it is not taken */
  readonly send: (text: string) => boolean;
  /** Bytes that wait in the program's memory; undefined where it cannot say. */
  readonly waiting?: () => number;
  readonly close: () => void;
}

/**
 * A program with one of the libraries. It tells "open", "text …", "pieces 3 …" (a text that came in pieces which the
 * program has to join), "closed 1000", "failed …".
 */
export type Program = (target: Target, tell: (event: string) => void) => Connection;

/** What a program sends when it is connected. */
export interface Sending {
  readonly count: number;
  readonly length: number;
}

/** Nothing more is expected then. */
const LAST = /^(?:text after|failed|closed)/;
/** What was sent has to leave. */
const LINGER_MS = 300;

/**
 * Lets a program connect, send what is asked for, and receive until the peer's last text.
 *
 * @param patienceMs how long something is waited for: less where nothing is expected
 * @returns what it has told
 */
export async function run(
  program: Program,
  target: Target,
  sending?: Sending,
  patienceMs = PATIENCE_MS,
): Promise<string[]> {
  const events: string[] = [];
  let connection: Connection | undefined;
  await new Promise<void>((resolve) => {
    const timer = setTimer(resolve, patienceMs);
    const over = (delayMs: number): void => {
      clearTimer(timer);
      void letTimePass(delayMs).then(resolve);
    };
    const tell = (event: string): void => {
      events.push(event.length > 100 ? `${event.split(" ", 1).join()} of ${event.length - 5} characters` : event);
      if (LAST.test(event)) over(0);
      if (event !== "open" || sending === undefined) return;
      // In a turn of its own: some tell that they are open before they say what they can take.
      setTimer(() => {
        if (connection !== undefined) events.push(sendAll(connection, sending));
        over(LINGER_MS);
      }, 100);
    };
    try {
      connection = program(target, tell);
    } catch (error) {
      tell(`failed ${String(error)}`);
    }
  });
  try {
    connection?.close();
  } catch (error) {
    events.push(`close: ${String(error)}`);
  }
  return events;
}

function sendAll(connection: Connection, { count, length }: Sending): string {
  const text = "a".repeat(length);
  for (let sent = 0; sent < count; sent++) {
    try {
      if (!connection.send(text)) return `refused after ${sent}`;
    } catch {
      return `threw after ${sent}`;
    }
  }
  return `took ${count}, ${connection.waiting?.() ?? "?"} bytes wait`;
}
