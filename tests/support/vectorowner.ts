import { FragmentationType } from "xs-websockets/common/constants";
import type { ProtocolListener, Transport } from "xs-websockets/protocol/protocol";
import { describeBytes, describeFrame, describeText, joined, wireFrames, type WireFrame } from "./vectors.js";

/**
 * A protocol's listener and transport that record what they are told, each as one line of text. The transport blocks when it
 * is told to.
 */
export class RecordingOwner implements ProtocolListener, Transport {
  /** "text:…", "binary:…", "received pong:…", "sent …", "drained", "end", "destroy". */
  readonly events: string[] = [];
  /** The bytes of all frames that were sent. */
  readonly sent: Uint8Array[] = [];
  /** Whether the next frame fills the transport. */
  isBlocking = false;
  bufferedAmount = 0;
  readonly remoteAddress = "192.0.2.1";
  readonly remotePort = 1;
  isPaused = false;
  /** What it was given back. */
  readonly unreadBytes: Uint8Array[] = [];
  /** Called with each event, after it is recorded. */
  onEvent: ((event: string) => void) | undefined = undefined;

  /** The frames that were sent. */
  get frames(): WireFrame[] {
    return wireFrames(joined(this.sent));
  }

  /** The recorded events, which are forgotten. */
  take(): string[] {
    return this.events.splice(0);
  }

  messageReceived(payload: Uint8Array | string, fragmentation: FragmentationType, textBytes?: Uint8Array): void {
    const isText = typeof payload === "string";
    const content = isText ? describeText(payload) : describeBytes(payload);
    const bytes = isText && textBytes !== undefined ? `/${describeBytes(textBytes)}` : "";
    this.record(`${isText ? "text" : "binary"}${PARTS[fragmentation]}:${content}${bytes}`);
  }

  write(frame: Uint8Array): "taken" | "full" {
    this.sent.push(frame);
    for (const sent of wireFrames(frame)) this.record(`sent ${describeFrame(sent)}`);
    return this.isBlocking ? "full" : "taken";
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  unread(bytes: Uint8Array): void {
    this.unreadBytes.push(bytes);
  }

  end(): void {
    this.record("end");
  }

  destroy(): void {
    this.record("destroy");
  }

  // The Pong that answers it is recorded.
  pingReceived(): void {}

  pongReceived(payload: Uint8Array): void {
    this.record(`received pong:${describeBytes(payload)}`);
  }

  queueDrained(): void {
    this.record("drained");
  }

  deadlineMoved(): void {
    // The tests look at the deadline themselves.
  }

  connectionClosed(): void {
    // The tests look at the state and the outcome themselves.
  }

  private record(event: string): void {
    this.events.push(event);
    this.onEvent?.(event);
  }
}

const PARTS: Readonly<Record<FragmentationType, string>> = {
  [FragmentationType.NotFragmented]: "",
  [FragmentationType.FirstFragment]: "[first]",
  [FragmentationType.Fragment]: "[middle]",
  [FragmentationType.FinalFragment]: "[final]",
};
