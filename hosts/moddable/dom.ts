/** `#dom` on XS, which has no events of its own. */

import { URL } from "url";

import type {
  Dom,
  DomCloseEvent,
  DomEvent,
  DomEventInit,
  DomEventListener,
  DomEventTarget,
  DomListenerOptions,
  DomMessageEvent,
} from "../domcontract.js";
import { log } from "./host/log.js";

export type * from "../domcontract.js";

/** DOM Standard, 2.2. There is no tree: an event goes to its target alone. */
export class Event implements DomEvent {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly timeStamp = Date.now();
  target: DomEventTarget | null = null;
  currentTarget: DomEventTarget | null = null;
  defaultPrevented = false;
  /** Whether `stopImmediatePropagation` was called. */
  isStopped = false;

  constructor(type: string, init: DomEventInit = {}) {
    this.type = type;
    this.bubbles = init.bubbles ?? false;
    this.cancelable = init.cancelable ?? false;
  }

  preventDefault(): void {
    if (this.cancelable) this.defaultPrevented = true;
  }

  stopPropagation(): void {
    // There is nobody behind the target.
  }

  stopImmediatePropagation(): void {
    this.isStopped = true;
  }
}

/** HTML Standard, 9.1. */
export class MessageEvent extends Event implements DomMessageEvent {
  readonly data: unknown;
  readonly origin: string;
  readonly lastEventId = "";

  constructor(type: string, init: ConstructorParameters<Dom["MessageEvent"]>[1] = {}) {
    super(type, init);
    this.data = init.data ?? null;
    this.origin = init.origin ?? "";
  }
}

/** WebSockets Standard, 6. */
export class CloseEvent extends Event implements DomCloseEvent {
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;

  constructor(type: string, init: ConstructorParameters<Dom["CloseEvent"]>[1] = {}) {
    super(type, init);
    this.wasClean = init.wasClean ?? false;
    this.code = init.code ?? 0;
    this.reason = init.reason ?? "";
  }
}

/** DOM Standard, 2.7: a listener and how it was registered. */
interface Registration {
  readonly type: string;
  readonly listener: DomEventListener;
  readonly isCapture: boolean;
  readonly isOnce: boolean;
  isRemoved: boolean;
}

/** DOM Standard, 2.7. */
export class EventTarget implements DomEventTarget {
  #registrations: readonly Registration[] = [];

  addEventListener(type: string, listener: DomEventListener | null, options?: DomListenerOptions | boolean): void {
    const { capture = false, once = false, signal } = flatten(options);
    if (signal?.aborted === true || listener === null) return;
    if (this.#find(type, listener, capture) !== undefined) return;
    const registration = { type, listener, isCapture: capture, isOnce: once, isRemoved: false };
    this.#registrations = [...this.#registrations, registration];
    signal?.addEventListener("abort", () => {
      this.#remove(registration);
    });
  }

  removeEventListener(type: string, listener: DomEventListener | null, options?: DomListenerOptions | boolean): void {
    const found = listener === null ? undefined : this.#find(type, listener, flatten(options).capture ?? false);
    if (found !== undefined) this.#remove(found);
  }

  dispatchEvent(event: DomEvent): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent takes an Event");
    if (event.currentTarget !== null) throw new DOMException("The event is being dispatched.", "InvalidStateError");
    event.target = event.currentTarget = this;
    event.isStopped = false;
    // The list is not changed in place: who is added while it is walked is not called, who is removed is not either.
    for (const registration of this.#registrations)
      if (registration.type === event.type) this.#tell(registration, event);
    event.currentTarget = null;
    return !event.defaultPrevented;
  }

  #find(type: string, listener: DomEventListener, isCapture: boolean): Registration | undefined {
    return this.#registrations.find(
      (one) => one.type === type && one.listener === listener && one.isCapture === isCapture,
    );
  }

  #remove(registration: Registration): void {
    registration.isRemoved = true;
    this.#registrations = this.#registrations.filter((one) => one !== registration);
  }

  #tell(registration: Registration, event: Event): void {
    if (event.isStopped || registration.isRemoved) return;
    if (registration.isOnce) this.#remove(registration);
    this.#call(registration.listener, event);
  }

  /** DOM Standard, 2.10, 10: what a listener throws is reported, and the others are called. */
  #call(listener: DomEventListener, event: DomEvent): void {
    try {
      if (typeof listener === "function") listener.call(this, event as never);
      else listener.handleEvent(event as never);
    } catch (error) {
      log(`A listener of "${event.type}" threw.`, error);
    }
  }
}

function flatten(options: DomListenerOptions | boolean | undefined): DomListenerOptions {
  return typeof options === "object" ? options : { capture: options ?? false };
}

/** Web IDL, 2.8.1, as far as a WebSocket throws them. */
const codes = Object.freeze([
  ["InvalidStateError", 11],
  ["SyntaxError", 12],
  ["InvalidAccessError", 15],
] as const);

/** Web IDL, 2.8. */
export class DOMException extends Error {
  override readonly name: string;
  readonly code: number;

  constructor(message = "", name = "Error") {
    super(message);
    this.name = name;
    this.code = codes.find(([known]) => known === name)?.[1] ?? 0;
  }
}

export const parseUrl: Dom["parseUrl"] = (text) => {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
};

export const hasBlobs: Dom["hasBlobs"] = false;

export const toBlob: Dom["toBlob"] = () => {
  throw new TypeError("there are no Blobs on XS");
};

export const blobBytes: Dom["blobBytes"] = () => undefined;

export const setGlobal: Dom["setGlobal"] = (name, value, when) => {
  if (when === "always" || !(name in globalThis)) (globalThis as Record<string, unknown>)[name] = value;
};

/** That of a ClientWebSocket: what an ESP32 without external memory has room for. */
export const defaultMaxBytes: Dom["defaultMaxBytes"] = 16_384;
