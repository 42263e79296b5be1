/** A WebSocket whose events are recorded. No API of Node or Jest: it is used on XS too. */

import { CloseEvent, DOMException, MessageEvent, WebSocket, type WebSocketInit } from "xs-websockets/whatwg";
import type { DomEvent } from "xs-websockets/whatwg";
import { EventLog } from "../support/eventlog.js";
import type { SuiteSettings } from "../client/suitesession.js";
import { letTimePass } from "../support/waiting.js";

/** What became of a WebSocket, as texts in the order of events. */
export class Session extends EventLog {
  readonly webSocket: WebSocket;

  constructor(webSocket: WebSocket) {
    super();
    this.webSocket = webSocket;
    for (const type of ["open", "message", "error", "close"])
      webSocket.addEventListener(type, (event: DomEvent) => {
        this.record(describe(event));
      });
  }
}

function describe(event: DomEvent): string {
  if (event instanceof CloseEvent)
    return `close ${event.code} "${event.reason}" ${event.wasClean ? "clean" : "unclean"}`;
  if (!(event instanceof MessageEvent)) return event.type;
  const { data } = event;
  return `message ${data instanceof ArrayBuffer ? new Uint8Array(data).join(" ") : String(data)}`;
}

/** What a function throws, as "name code" of a DOMException, or the error's name. */
export function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof DOMException) return `${error.name} ${error.code}`;
    return error instanceof Error ? error.name : String(error);
  }
  return "nothing";
}

export async function turns(count = 3): Promise<void> {
  await letTimePass(5 * count);
}

/** How the tests begin and end a WebSocket. */
export interface Starters {
  readonly url: (name: keyof SuiteSettings["ports"], path?: string) => string;
  readonly start: (target?: string, protocols?: string | string[], init?: WebSocketInit) => Session;
  /** Starts one at the echo server, and waits until it is open. */
  readonly opened: (init?: WebSocketInit) => Promise<Session>;
  readonly finish: (session: Session) => Promise<void>;
}

export function starters(ports: SuiteSettings["ports"]): Starters {
  const url: Starters["url"] = (name, path = "/") => `ws://127.0.0.1:${ports[name]}${path}`;
  const start: Starters["start"] = (target = url("echo"), protocols, init) => {
    const webSocket = new WebSocket(target, protocols, init);
    webSocket.binaryType = "arraybuffer";
    return new Session(webSocket);
  };
  const opened: Starters["opened"] = async (init) => {
    const session = start(undefined, undefined, init);
    await session.until("open");
    return session;
  };
  const finish: Starters["finish"] = async (session) => {
    session.webSocket.close();
    await session.until('close 1005 "" clean');
  };
  return { url, start, opened, finish };
}
