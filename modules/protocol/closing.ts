/** The closing handshake: what it is told, and the bodies of Close frames (RFC 6455, 5.5.1, 7 and 7.4). */

import { decodeUtf8, encodeUtf8 } from "#platform";
import { MAX_CLOSE_REASON_BYTES, Opcode, OPCODE_BITS, WebSocketCloseStatus } from "../common/constants.js";
import { OptionError, ProtocolError, type WebSocketError } from "../common/errors.js";
import { kindOf } from "../common/text.js";
import type { FrameListener } from "./framereader.js";

/** How long a peer that was sent the Close frame of a failure may take to answer it before TCP ends, in milliseconds. */
const FAILURE_LINGER_MS = 250;

/** How a connection ended. */
export interface CloseOutcome {
  /** The peer's status, or the one it was failed with, or 1005 (none was given) or 1006 (no Close frame came). */
  readonly status: WebSocketCloseStatus;
  /** The reason that goes with the status; "" where there is none. */
  readonly description: string;
  /** Whether both sides sent a Close frame. */
  readonly wasClean: boolean;
  /** What went wrong; undefined where nothing did. */
  readonly error: WebSocketError | undefined;
}

/** A connection that is closing. */
export class Closing implements CloseOutcome {
  status: WebSocketCloseStatus = WebSocketCloseStatus.ClosedAbnormally;
  description = "";
  wasClean = false;
  error: WebSocketError | undefined = undefined;
  /** When the next step is due. */
  deadline: number;
  /** Whether the transport ends as soon as all frames have left. */
  isEndWanted = false;
  /** Whether the deadline is that of the peer to read why it was failed. */
  isLingering = false;
  private readonly finalDeadline: number;

  /** @param timeoutMs how long the closing handshake and the end of TCP may take, together */
  constructor(now: number, timeoutMs: number) {
    this.finalDeadline = now + timeoutMs;
    this.deadline = this.finalDeadline;
  }

  /** The peer broke a rule: it is given a moment to read the Close frame (RFC 6455, 7.1.7). */
  fail(error: ProtocolError, now: number): void {
    this.error = error;
    this.status = error.closeStatus;
    this.description = error.message;
    this.isLingering = true;
    this.deadline = Math.min(now + FAILURE_LINGER_MS, this.finalDeadline);
  }

  /** The moment is over. */
  endLingering(): void {
    this.isLingering = false;
    this.deadline = this.finalDeadline;
  }

  /** Both sides have said Close. */
  complete(body: CloseBody): void {
    this.status = body.status;
    this.description = body.description;
    this.wasClean = true;
  }
}

/**
 * What is told of the frames of a peer that was failed. RFC 6455, 7.1.7, has an endpoint not "continue to attempt to process
 * data (including a responding Close frame)": all is dropped, and nothing is taken from the Close frame but that the peer
 * has read ours, so that nobody has to wait for it any longer.
 */
export class CloseWatcher implements FrameListener {
  private isClose = false;
  private readonly closed: () => void;

  /** @param closed is called when a Close frame came */
  constructor(closed: () => void) {
    this.closed = closed;
  }

  frameReceived(opcode: Opcode): void {
    if ((opcode & OPCODE_BITS) === Opcode.Close) this.closed();
  }

  frameStarted(opcode: Opcode): void {
    this.isClose = (opcode & OPCODE_BITS) === Opcode.Close;
  }

  payloadReceived(_bytes: Uint8Array, isEnd: boolean): void {
    if (isEnd && this.isClose) this.closed();
  }

  frameRefused(): void {
    // It was failed before.
  }
}

/** The outcome of a connection that no one has begun to close. */
export const ENDED_WITHOUT_CLOSE: CloseOutcome = Object.freeze({
  status: WebSocketCloseStatus.ClosedAbnormally,
  description: "",
  wasClean: false,
  error: undefined,
});

/** What a Close frame says. */
export interface CloseBody {
  /** 1005 (Empty) where the frame had no status. */
  readonly status: WebSocketCloseStatus;
  /** "" where the frame had none. */
  readonly description: string;
}

/**
 * Reads the payload of a received Close frame.
 *
 * @returns its content, or the error that fails the connection
 */
export function parseCloseBody(payload: Uint8Array): CloseBody | ProtocolError {
  if (payload.length === 0) return { status: WebSocketCloseStatus.Empty, description: "" };
  // RFC 6455, 5.5.1: if there is a body, "the first two bytes of the body MUST be a 2-byte unsigned integer".
  if (payload.length === 1)
    return new ProtocolError(WebSocketCloseStatus.ProtocolError, "A Close frame has a body of one byte.");
  const status = (payload[0] as number) * 256 + (payload[1] as number);
  if (!isStatusOnTheWire(status))
    return new ProtocolError(WebSocketCloseStatus.ProtocolError, `A Close frame has the invalid status ${status}.`);
  try {
    return { status, description: decodeUtf8(payload, 2, payload.length) };
  } catch (cause) {
    const message = "The reason of a Close frame is not valid UTF-8.";
    return new ProtocolError(WebSocketCloseStatus.InvalidPayloadData, message, { cause });
  }
}

/**
 * Makes the payload of a Close frame.
 *
 * @param status what a Close frame may have, or 1005 (Empty) for a frame without a body
 * @param description at most 123 bytes as UTF-8; "" with 1005
 * @throws OptionError where the status or the description cannot be sent
 */
export function encodeCloseBody(status: WebSocketCloseStatus, description: string): Uint8Array {
  if (typeof status !== "number")
    throw new OptionError(
      `A close status is a number, 1000 or your own from 3000 to 4999; it was given ${kindOf(status)}. The description comes second: close(1000, "bye").`,
    );
  if (typeof description !== "string")
    throw new OptionError(`A close description is a string; it was given ${kindOf(description)}.`);
  if (status === WebSocketCloseStatus.Empty) {
    if (description !== "") throw new OptionError("A close description needs a close status with it, such as 1000.");
    return new Uint8Array(0);
  }
  if (!isStatusOnTheWire(status))
    throw new OptionError(`${status} cannot be sent as a close status: use 1000, or your own from 3000 to 4999.`);
  const reason = encodeUtf8(description);
  if (reason.length > MAX_CLOSE_REASON_BYTES)
    throw new OptionError(`A close description has at most 123 bytes as UTF-8; this one has ${reason.length}.`);
  const payload = new Uint8Array(2 + reason.length);
  payload[0] = status >> 8;
  payload[1] = status & 0xff;
  payload.set(reason, 2);
  return payload;
}

/** The payload of the Close frame that tells the peer of a failure; a long message is cut. */
export function encodeFailure(error: ProtocolError): Uint8Array {
  return encodeCloseBody(error.closeStatus, error.message.slice(0, MAX_CLOSE_REASON_BYTES));
}

/** Whether a Close frame may have this status (RFC 6455, 7.4.2; 1012 to 1014 are in the IANA registry). */
function isStatusOnTheWire(status: number): boolean {
  if (status >= 3000) return status <= 4999 && Number.isInteger(status);
  switch (status) {
    case WebSocketCloseStatus.NormalClosure:
    case WebSocketCloseStatus.EndpointUnavailable:
    case WebSocketCloseStatus.ProtocolError:
    case WebSocketCloseStatus.InvalidMessageType:
    case WebSocketCloseStatus.InvalidPayloadData:
    case WebSocketCloseStatus.PolicyViolation:
    case WebSocketCloseStatus.MessageTooBig:
    case WebSocketCloseStatus.MandatoryExtension:
    case WebSocketCloseStatus.InternalServerError:
    case WebSocketCloseStatus.ServiceRestart:
    case WebSocketCloseStatus.TryAgainLater:
    case WebSocketCloseStatus.BadGateway:
      return true;
    default:
      return false;
  }
}
