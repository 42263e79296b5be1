import { connect, type Socket } from "node:net";
import { describeFrame, frame, joined, wireFrames } from "./vectors.js";

/** A TCP client that says what it is told to, and keeps what it hears. */
export class RawClient {
  /** What came and was not taken. */
  received = "";
  readonly socket: Socket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  private waiting: (() => void) | undefined = undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      this.waiting?.();
    });
    // A reset is an end like others: "close" follows.
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on("close", () => {
        this.waiting?.();
        resolve();
      });
    });
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    return this;
  }

  /** Sends a masked frame. */
  sendFrame(first: number, payload: Uint8Array = new Uint8Array(0)): this {
    return this.send(frame(first, payload, true));
  }

  /** Waits for a text. @returns what came up to its end. @throws Error where the connection ends before */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.received.indexOf(text);
      if (at >= 0) return this.take(at + text.length);
      if (this.socket.closed) throw new Error(`The connection ended; it had: ${this.received}`);
      await this.more();
    }
  }

  /** Waits for the head of an HTTP answer. */
  head(): Promise<string> {
    return this.until("\r\n\r\n");
  }

  /** Waits until the server has ended the connection. @returns all that came */
  async all(): Promise<string> {
    await this.closed;
    return this.take(this.received.length);
  }

  /** Waits for so many frames. */
  async frames(count: number): Promise<string[]> {
    for (;;) {
      const whole = this.wholeFrames();
      if (whole.length >= count) {
        this.received = "";
        return whole;
      }
      if (this.socket.closed) throw new Error(`The connection ended after the frames: ${whole.join()}`);
      await this.more();
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  private wholeFrames(): string[] {
    try {
      return wireFrames(joined([Buffer.from(this.received, "latin1")])).map(describeFrame);
    } catch {
      return [];
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => (this.waiting = resolve));
  }

  private take(count: number): string {
    const taken = this.received.slice(0, count);
    this.received = this.received.slice(count);
    return taken;
  }
}

/** An upgrade request, with some of its header fields changed; undefined leaves one out. */
export function upgradeRequest(changes: Readonly<Record<string, string | undefined>> = {}, target = "/"): string {
  const fields: Readonly<Record<string, string | undefined>> = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...changes,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}
