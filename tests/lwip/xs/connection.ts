/** One connection of the device under test, and what becomes of it. */

import type { ConnectHandlers, NetworkFailure, Socket, WriteResult } from "../../../hosts/contract.js";
import { Behaviour, type ConnectionState } from "../commands.js";
import { fill, matches } from "./native.js";

/** Bytes of a write where much is sent. */
const pieceBytes = 4_096;

export class Connection implements ConnectHandlers {
  readonly id: number;
  readonly events: string[] = [];
  socket: Socket | undefined;

  readonly #behaviour: Behaviour;
  readonly #tell: (line: string) => void;
  #toSend: number;
  #received = 0;
  #sent = 0;
  #isIntact = true;
  #error = "";

  constructor(id: number, behaviour: Behaviour, amount: number, tell: (line: string) => void) {
    this.id = id;
    this.#behaviour = behaviour;
    this.#toSend = behaviour === Behaviour.send || behaviour === Behaviour.sendAndEnd ? amount : 0;
    this.#tell = tell;
  }

  get isOver(): boolean {
    return this.events.includes("close");
  }

  get state(): ConnectionState {
    return {
      id: this.id,
      events: this.events,
      received: this.#received,
      sent: this.#sent,
      isIntact: this.#isIntact,
      error: this.#error,
      buffered: this.socket?.bufferedAmount ?? 0,
    };
  }

  accepted(socket: Socket): void {
    this.socket = socket;
    this.#record("accept");
    this.#begin();
  }

  opened(): void {
    this.#record("open");
    this.#begin();
  }

  received(bytes: Uint8Array): void {
    const isFirst = this.#received === 0;
    this.#isIntact &&= matches(bytes, this.#received);
    this.#received += bytes.byteLength;
    if (isFirst) this.#record("data");
    switch (this.#behaviour) {
      case Behaviour.echo:
        this.#sent += bytes.byteLength;
        if (this.socket?.write(bytes) === "full") this.socket.pause();
        return;
      case Behaviour.answer:
        if (isFirst) this.write(200);
        this.socket?.end();
        return;
      case Behaviour.destroyOnData:
        this.socket?.destroy();
        return;
      case Behaviour.writeAndDestroy:
        this.write(50);
        this.socket?.destroy();
        return;
    }
  }

  drained(): void {
    if (!this.events.includes("drain")) this.#record("drain");
    if (this.#behaviour === Behaviour.echo) this.socket?.resume();
    this.#sendMore();
  }

  closed(error?: NetworkFailure): void {
    this.#error = error?.code ?? "";
    this.#record("close");
  }

  /** Writes so many bytes of the pattern at once. */
  write(count: number): WriteResult {
    const bytes = new Uint8Array(count);
    fill(bytes, this.#sent);
    this.#sent += count;
    return this.socket?.write(bytes) ?? "over";
  }

  #begin(): void {
    if (this.#behaviour === Behaviour.pause) this.socket?.pause();
    if (this.#behaviour === Behaviour.destroy) this.socket?.destroy();
    if (this.#behaviour === Behaviour.end) this.socket?.end();
    this.#sendMore();
  }

  #sendMore(): void {
    while (this.#toSend > 0) {
      const count = Math.min(this.#toSend, pieceBytes);
      this.#toSend -= count;
      const result = this.write(count);
      if (this.#toSend === 0 && this.#behaviour === Behaviour.sendAndEnd) this.socket?.end();
      if (result !== "taken") return;
    }
  }

  #record(event: string): void {
    this.events.push(event);
    this.#tell(`event ${this.id} ${event}${event === "close" ? ` ${this.#error || "none"} ${this.#received}` : ""}`);
  }
}
