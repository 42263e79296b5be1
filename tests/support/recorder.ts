import type { ConnectHandlers, NetworkFailure, Socket } from "../../hosts/contract.js";

/** A socket and the handlers that record what its host tells. */
export interface Accepted {
  readonly socket: Socket;
  readonly recorder: Recorder;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function defer<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

/** Handlers of a socket that keep what they are told, and tell it as promises. */
export class Recorder implements ConnectHandlers {
  /** "opened", "drained" and "closed" in the order in which they came. */
  readonly events: string[] = [];
  /** Bytes received and not yet taken. */
  receivedBytes = 0;
  /** Takes the bytes instead of this recorder. */
  onReceived: ((bytes: Uint8Array) => void) | undefined;
  /** Is called by each "drained". */
  onDrained: (() => void) | undefined;

  readonly #opened = defer<undefined>();
  readonly #drained = defer<undefined>();
  readonly #closed = defer<NetworkFailure | undefined>();
  #chunks: Uint8Array[] = [];
  #wanted = 0;
  #resolveTake: ((bytes: Uint8Array) => void) | undefined;

  get whenOpened(): Promise<undefined> {
    return this.#opened.promise;
  }

  /** Fulfilled by the first "drained". */
  get whenDrained(): Promise<undefined> {
    return this.#drained.promise;
  }

  /** Fulfilled by the end, with its error. */
  get whenClosed(): Promise<NetworkFailure | undefined> {
    return this.#closed.promise;
  }

  opened(): void {
    this.events.push("opened");
    this.#opened.resolve(undefined);
  }

  received(bytes: Uint8Array): void {
    if (this.onReceived !== undefined) {
      this.onReceived(bytes);
      return;
    }
    this.#chunks.push(bytes);
    this.receivedBytes += bytes.byteLength;
    this.#giveTaken();
  }

  drained(): void {
    this.events.push("drained");
    this.#drained.resolve(undefined);
    this.onDrained?.();
  }

  closed(error?: NetworkFailure): void {
    this.events.push("closed");
    this.#closed.resolve(error);
  }

  /** Waits for `count` bytes and takes them. */
  take(count: number): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.#wanted = count;
      this.#resolveTake = resolve;
      this.#giveTaken();
    });
  }

  #giveTaken(): void {
    const resolve = this.#resolveTake;
    if (resolve === undefined || this.receivedBytes < this.#wanted) return;
    this.#resolveTake = undefined;
    const whole = new Uint8Array(this.receivedBytes);
    let position = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, position);
      position += chunk.byteLength;
    }
    this.#chunks = [whole.subarray(this.#wanted)];
    this.receivedBytes -= this.#wanted;
    resolve(whole.subarray(0, this.#wanted));
  }
}
