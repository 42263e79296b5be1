/** `#dom` on Node.js: its own classes, and CloseEvent, which Node.js 20 and 22 do not have. */

import type {
  Dom,
  DomCloseEvent,
  DomCloseEventInit,
  DomEvent,
  DomEventInit,
  DomEventTarget,
  DomMessageEvent,
} from "../domcontract.js";

export type * from "../domcontract.js";

interface Globals {
  readonly Event: Dom["Event"];
  readonly EventTarget: Dom["EventTarget"];
  readonly MessageEvent: Dom["MessageEvent"];
  /** The event `close`: Node.js's own class, where it has one. */
  readonly CloseEvent?: Dom["CloseEvent"];
  readonly DOMException: Dom["DOMException"];
}

const globals = globalThis as unknown as Globals;

/** What happens to a WebSocket: Node.js's own class. */
export const Event: new (type: string, init?: DomEventInit) => DomEvent = globals.Event;
/** What events are told to: Node.js's own class. */
export const EventTarget: new () => DomEventTarget = globals.EventTarget;
/** The event `message`: Node.js's own class. */
export const MessageEvent: new (
  type: string,
  init?: DomEventInit & { readonly data?: unknown; readonly origin?: string },
) => DomMessageEvent = globals.MessageEvent;
/** What the WHATWG class throws: Node.js's own class. */
export const DOMException: new (message?: string, name?: string) => Error & { readonly code: number } =
  globals.DOMException;

class OwnCloseEvent extends Event implements DomCloseEvent {
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;

  constructor(type: string, init: DomCloseEventInit = {}) {
    super(type, init);
    this.wasClean = init.wasClean ?? false;
    this.code = init.code ?? 0;
    this.reason = init.reason ?? "";
  }
}
Object.defineProperty(OwnCloseEvent, "name", { value: "CloseEvent" });

/** The event `close`: Node.js's own class, where it has one. */
export const CloseEvent: new (type: string, init?: DomCloseEventInit) => DomCloseEvent =
  globals.CloseEvent ?? OwnCloseEvent;

export const parseUrl: Dom["parseUrl"] = (text) => (URL.canParse(text) ? new URL(text) : undefined);

export const hasBlobs: Dom["hasBlobs"] = true;

export const toBlob: Dom["toBlob"] = (bytes) => new Blob([bytes]);

export const blobBytes: Dom["blobBytes"] = (value) =>
  value instanceof Blob
    ? { size: value.size, bytes: value.arrayBuffer().then((buffer) => new Uint8Array(buffer)) }
    : undefined;

export const setGlobal: Dom["setGlobal"] = (name, value, when) => {
  if (when === "always" || !(name in globalThis)) (globalThis as Record<string, unknown>)[name] = value;
};

export const defaultMaxBytes: Dom["defaultMaxBytes"] = 67_108_864;
