/**
 * What a peer may send and what comes of it. Pure data and functions: the same vectors run under Jest and on XS, where
 * an app calls {@link runAllVectors}.
 */

import { Role, WebSocketState } from "xs-websockets/common/constants";
import { CONNECTION_DEFAULTS } from "xs-websockets/common/options";
import { Protocol } from "xs-websockets/protocol/protocol";
import { asciiOf, frame, joined } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";
import { closeVectors } from "./vectorsclose.js";
import { frameVectors } from "./vectorsframe.js";
import { limitVectors } from "./vectorslimit.js";
import { runWireFrame, wireFrameTable } from "./vectorswire.js";
import { textVectors } from "./vectorstext.js";
import type { Vector } from "./vectortypes.js";

/** All of them. */
export function allVectors(): readonly Vector[] {
  return [...frameVectors(), ...textVectors(), ...closeVectors(), ...limitVectors()];
}

/** A way to cut the bytes of a vector into chunks. */
export interface Split {
  readonly name: string;
  /** Cuts; what it returns is changed by the reader. */
  cut(bytes: Uint8Array): readonly Uint8Array[];
  /** Whether a Ping comes in the same chunk before the vector's frames, and one behind them. */
  readonly isJoined?: boolean;
}

/** Vectors of at most this many bytes are cut at every place, and byte by byte. */
const SHORT = 300;
/** Places in a long vector at which something may change: within headers, and at common sizes of network buffers. */
const LONG_CUTS: readonly number[] = [1, 2, 3, 4, 9, 10, 13, 14, 15, 1_460, 65_536];

/** Every way in which bytes of this length are cut. */
export function splitsFor(length: number): Split[] {
  const cuts = length <= SHORT ? Array.from({ length: Math.max(length - 1, 0) }, (_, at) => at + 1) : LONG_CUTS;
  return [
    { name: "in one chunk", cut: (bytes) => [bytes] },
    { name: "between two Pings in one chunk", cut: (bytes) => [bytes], isJoined: true },
    ...cuts
      .filter((at) => at < length)
      .map((at) => ({ name: `cut at ${at}`, cut: (bytes: Uint8Array) => [bytes.subarray(0, at), bytes.subarray(at)] })),
    length <= SHORT ? every(1, "byte by byte") : every(1_537, "in chunks of 1537 bytes"),
  ];
}

function every(size: number, name: string): Split {
  const cut = (bytes: Uint8Array): Uint8Array[] =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
  return { name, cut };
}

/**
 * Feeds a vector to a protocol.
 *
 * @param bytes those of the vector: it does not make them anew for each split
 * @throws Error where it does not come of it what should
 */
export function runVector(vector: Vector, split: Split, bytes = vector.bytes()): void {
  if (split.isJoined === true && vector.isTorn === true) return;
  const owner = new RecordingOwner();
  const protocol = new Protocol(vector.role, { ...CONNECTION_DEFAULTS, ...vector.options }, owner, owner, 0);
  const isMasked = vector.role === Role.Server;
  const isEnding = vector.ours !== undefined;
  if (vector.ours !== undefined) protocol.close(vector.ours[0], vector.ours[1] ?? "", 0);
  const pings = ["before", "behind"].map((text) => frame(0x89, asciiOf(text), isMasked));
  const whole = split.isJoined === true ? joined([...pings.slice(0, 1), bytes, ...pings.slice(1)]) : bytes.slice();
  for (const chunk of split.cut(whole)) protocol.receive(chunk, 0);
  if (vector.code === "ERR_TIMEOUT") protocol.tick(protocol.deadline);
  const isOpen = protocol.state === WebSocketState.Open;
  const wanted = [...vector.events];
  // RFC 6455, 5.5.2: whoever has sent a Close frame answers no Ping.
  if (split.isJoined === true && !isEnding) {
    wanted.unshift("sent pong:6265666f7265");
    if (isOpen) wanted.push("sent pong:626568696e64");
  }
  compare("events", owner.events.join(" | "), wanted.join(" | "));
  const { status, wasClean, error } = protocol.outcome;
  compare("outcome", `${status} ${wasClean ? "clean" : "unclean"}`, vector.outcome);
  compare("error", error === undefined, isOpen || wasClean);
  if (vector.code !== undefined) compare("code", error?.code, vector.code);
}

function compare(what: string, actual: unknown, wanted: unknown): void {
  if (actual !== wanted) throw new Error(`${what}: ${String(actual)}; wanted: ${String(wanted)}`);
}

/** Runs every vector at every split, and the table of frames in both directions. One report for each vector. */
export function runAllVectors(report: (name: string, error?: string) => void): void {
  for (const vector of allVectors()) attempt(vector.name, report, () => runAtEverySplit(vector));
  for (const wire of wireFrameTable) attempt(wire.name, report, () => runWireFrame(wire));
}

/** @throws Error that names the split at which it fails */
export function runAtEverySplit(vector: Vector): void {
  const bytes = vector.bytes();
  for (const split of splitsFor(bytes.length)) {
    try {
      runVector(vector, split, bytes);
    } catch (cause) {
      throw new Error(`${split.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

function attempt(name: string, report: (name: string, error?: string) => void, run: () => void): void {
  try {
    run();
  } catch (error) {
    report(name, error instanceof Error ? error.message : String(error));
    return;
  }
  report(name);
}
