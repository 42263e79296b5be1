/** What `#dom` has to offer: events, and what else the WHATWG `WebSocket` needs of a browser. */

/** An event of the DOM, as far as the WHATWG `WebSocket` and its users need one (DOM Standard, 2.2). */
export interface DomEvent {
  /** Its name, such as "open". */
  readonly type: string;
  /** What it was dispatched to. */
  readonly target: unknown;
  /** Whose listeners are being called; null before and after. */
  readonly currentTarget: unknown;
  /** Whether it goes up a tree; a WebSocket's do not. */
  readonly bubbles: boolean;
  /** Whether `preventDefault` has an effect. */
  readonly cancelable: boolean;
  /** Whether `preventDefault` was called. */
  readonly defaultPrevented: boolean;
  /** Milliseconds since the program began, when it was made. */
  readonly timeStamp: number;
  /** Says that what would follow is not to. */
  preventDefault(): void;
  /** Has it not go further up a tree. */
  stopPropagation(): void;
  /** Has no other listener called. */
  stopImmediatePropagation(): void;
}

/** HTML Standard, 9.1: what a message event carries. */
export interface DomMessageEvent extends DomEvent {
  /** The message: a string, an ArrayBuffer or a Blob. */
  readonly data: unknown;
  /** The origin of the server, such as "ws://192.168.1.20". */
  readonly origin: string;
  /** "": it is for server-sent events. */
  readonly lastEventId: string;
}

/** WebSockets Standard, 6: how a connection ended. */
export interface DomCloseEvent extends DomEvent {
  /** Whether both sides said Close. */
  readonly wasClean: boolean;
  /** The close status (RFC 6455, 7.4): 1005 where none was said, 1006 where there was no Close. */
  readonly code: number;
  /** The text that came with it; "" for none. */
  readonly reason: string;
}

/** Members of an event, for its constructor. */
export interface DomEventInit {
  /**
   * Whether it goes up a tree.
   *
   * @defaultValue false
   */
  readonly bubbles?: boolean;
  /**
   * Whether `preventDefault` has an effect.
   *
   * @defaultValue false
   */
  readonly cancelable?: boolean;
}

/** Members of a CloseEvent, for its constructor. */
export interface DomCloseEventInit extends DomEventInit {
  /**
   * Whether both sides said Close.
   *
   * @defaultValue false
   */
  readonly wasClean?: boolean;
  /**
   * The close status.
   *
   * @defaultValue 0
   */
  readonly code?: number;
  /**
   * The text that came with it.
   *
   * @defaultValue ""
   */
  readonly reason?: string;
}

/** What is called with an event. */
export type DomEventListener = ((event: never) => unknown) | { handleEvent(event: never): unknown };

/** Options of a listener (DOM Standard, 2.7). */
export interface DomListenerOptions {
  /**
   * Whether it is called before those of elements below; it tells two registrations of one listener apart.
   *
   * @defaultValue false
   */
  readonly capture?: boolean;
  /**
   * Whether it is removed by its first call.
   *
   * @defaultValue false
   */
  readonly once?: boolean;
  /** Removes the listener when it is aborted. */
  readonly signal?: DomAbortSignal;
}

/** As much of an AbortSignal as a listener's option needs. */
export interface DomAbortSignal {
  /** Whether it was aborted. */
  readonly aborted: boolean;
  /**
   * Has a function called when it is aborted.
   *
   * @param type "abort"
   * @param listener the function
   * @param options `once`: only the first time
   */
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
}

/** Where events are listened for (DOM Standard, 2.7). */
export interface DomEventTarget {
  /**
   * Has a listener called for each event of a type.
   *
   * @param type such as "message"
   * @param listener a function, or an object with `handleEvent`; null: none
   * @param options or `capture` alone
   */
  addEventListener(type: string, listener: DomEventListener | null, options?: DomListenerOptions | boolean): void;
  /**
   * Has a listener not called any more.
   *
   * @param type such as "message"
   * @param listener the one that was added
   * @param options as it was added with: `capture` counts
   */
  removeEventListener(type: string, listener: DomEventListener | null, options?: DomListenerOptions | boolean): void;
  /**
   * Calls the listeners of an event's type.
   *
   * @returns false where one of them called `preventDefault`
   */
  dispatchEvent(event: DomEvent): boolean;
}

/** A URL that was read (URL Standard, 6.1). */
export interface DomUrl {
  readonly href: string;
  /** With its colon. */
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  /** Host and port, the port only where it is not that of the scheme. */
  readonly host: string;
  readonly pathname: string;
  /** With its question mark; "" where there is none. */
  readonly search: string;
  readonly hash: string;
}

/**
 * What the WHATWG `WebSocket` needs of the web platform: the host's own classes where it has them, so that `instanceof`
 * holds. Only `xs-websockets/whatwg` imports it.
 */
export interface Dom {
  readonly Event: new (type: string, init?: DomEventInit) => DomEvent;
  readonly EventTarget: new () => DomEventTarget;
  readonly MessageEvent: new (
    type: string,
    init?: DomEventInit & { readonly data?: unknown; readonly origin?: string },
  ) => DomMessageEvent;
  readonly CloseEvent: new (type: string, init?: DomCloseEventInit) => DomCloseEvent;
  /** An error with one of the names of Web IDL, 2.8.1, and the `code` that goes with it. */
  readonly DOMException: new (message?: string, name?: string) => Error & { readonly code: number };
  /** Reads an absolute URL; undefined where it is none. */
  parseUrl(text: string): DomUrl | undefined;
  /** Whether the host has Blobs: `toBlob` and `blobBytes` are called only then. */
  readonly hasBlobs: boolean;
  /** A Blob of bytes. */
  toBlob(bytes: Uint8Array): object;
  /** The size in bytes and the content of a Blob; undefined for anything else. */
  blobBytes(value: unknown): { readonly size: number; readonly bytes: Promise<Uint8Array> } | undefined;
  /** Gives a global this value: always, or only where there is none of its name. */
  setGlobal(name: string, value: unknown, when: "always" | "missing"): void;
  /** The largest message in bytes, and the largest queue, that a `WebSocket` has unless it is given others. */
  readonly defaultMaxBytes: number;
}
