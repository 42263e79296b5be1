/** What a vector is, and how the tables make two of one: for a server and for a client. */

import { Role } from "xs-websockets/common/constants";
import type { WebSocketOptions } from "xs-websockets/common/options";
import { bytesOf, type FrameSpec, framesOf, header, joined } from "../support/vectors.js";

/** Bytes from a peer, and what comes of them. */
export interface Vector {
  readonly name: string;
  /** The receiver: a server reads masked frames, a client unmasked ones. */
  readonly role: Role;
  /** What the peer sends. */
  bytes(): Uint8Array;
  readonly options?: WebSocketOptions;
  /** What the receiver is told to close with before they come. */
  readonly ours?: readonly [status: number, reason?: string];
  /** Messages received and frames sent, as tests/support/vectorowner.ts writes them. */
  readonly events: readonly string[];
  /** Whether the last frame does not come whole: nothing can come behind it. */
  readonly isTorn?: boolean;
  /** The code of its error, where that matters. That of a time-out comes when the time is over. */
  readonly code?: string;
  /** Close status, and whether both sides sent a Close frame: "1000 clean". That of an open connection: "1006 unclean". */
  readonly outcome: string;
}

/** What a table may say of a vector beside its frames. */
export interface VectorDetails {
  readonly options?: WebSocketOptions;
  /** Behind the frames comes the header of another one, but no payload: its first byte and length. */
  readonly announced?: readonly [first: number, length: number];
}

/** Frames after which the connection is open. */
export function accepted(
  name: string,
  frames: readonly FrameSpec[],
  events: readonly string[],
  details?: VectorDetails,
): Vector[] {
  return inBothRoles(name, frames, () => events, "1006 unclean", details);
}

/** Frames that fail the connection with a status. `events` are those before the Close frame. */
export function refused(
  name: string,
  frames: readonly FrameSpec[],
  status: number,
  events: readonly string[] = [],
  details?: VectorDetails,
): Vector[] {
  // Where the peer's Close frame has come, however wrong it is, nothing is waited for.
  const end = frames.some(([first]) => (first & 0x0f) === 0x08) ? ["end"] : [];
  return inBothRoles(name, frames, () => [...events, `sent close:${status}`, ...end], `${status} unclean`, details);
}

/** Frames the last of which is the peer's Close frame. `answer` is the status that goes back, "" for none. */
export function closed(
  name: string,
  frames: readonly FrameSpec[],
  status: number,
  answer: string,
  events: readonly string[] = [],
  details?: VectorDetails,
): Vector[] {
  const told = (role: Role): string[] => [
    ...events,
    `sent close:${answer}`,
    // RFC 6455, 7.1.1: the server ends the TCP connection first.
    ...(role === Role.Server ? ["end"] : []),
  ];
  return inBothRoles(name, frames, told, `${status} clean`, details);
}

/** Bytes that fail the connection of one role. */
export function refusedBytes(name: string, role: Role, hex: string, status: number, isClose = false): Vector {
  return {
    name: `${name}, read by a ${role === Role.Server ? "server" : "client"}`,
    role,
    bytes: () => bytesOf(hex),
    events: [`sent close:${status}`, ...(isClose ? ["end"] : [])],
    outcome: `${status} unclean`,
  };
}

function inBothRoles(
  name: string,
  frames: readonly FrameSpec[],
  events: (role: Role) => readonly string[],
  outcome: string,
  details: VectorDetails = {},
): Vector[] {
  const { options, announced } = details;
  const tail = (isMasked: boolean): Uint8Array[] => (announced === undefined ? [] : [header(...announced, isMasked)]);
  return [Role.Server, Role.Client].map((role) => ({
    name: `${name}, read by a ${role === Role.Server ? "server" : "client"}`,
    role,
    bytes: () => joined([framesOf(frames, role === Role.Server), ...tail(role === Role.Server)]),
    ...(options === undefined ? {} : { options }),
    events: events(role),
    outcome,
  }));
}
