/** Messages to frames (RFC 6455, 5.2 to 5.4): headers, fragments, masks. */

import { makeFrame } from "#platform";
import { FIN_BIT, Opcode, Role } from "../common/constants.js";

/**
 * Encodes one frame. The payload is copied, so the caller's buffer is neither kept nor changed.
 *
 * @param role the sender: a client's frame gets a fresh random mask (RFC 6455, 5.3)
 * @param payload bytes, or a text, which becomes UTF-8
 */
export function encodeFrame(role: Role, opcode: Opcode, isFinal: boolean, payload: Uint8Array | string): Uint8Array {
  const first = isFinal ? FIN_BIT | opcode : opcode;
  // Of any length, so there is one.
  return makeFrame(first, role === Role.Client, payload) as Uint8Array;
}

/**
 * Encodes a message as one frame or, where it is longer than `fragmentSize`, as several.
 *
 * @param fragmentSize largest payload of a frame in bytes; 0: one frame whatever its size
 */
export function encodeMessage(role: Role, opcode: Opcode, payload: Uint8Array, fragmentSize: number): Uint8Array[] {
  if (fragmentSize === 0 || payload.length <= fragmentSize) return [encodeFrame(role, opcode, true, payload)];
  const frames: Uint8Array[] = [];
  for (let start = 0; start < payload.length; start += fragmentSize) {
    const end = Math.min(start + fragmentSize, payload.length);
    // RFC 6455, 5.4: the first frame has the message's opcode, the others 0, and the last one FIN.
    const frameOpcode = start === 0 ? opcode : Opcode.Continuation;
    frames.push(encodeFrame(role, frameOpcode, end === payload.length, payload.subarray(start, end)));
  }
  return frames;
}

/** A message that was encoded for many connections. */
export interface EncodedMessage {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
  readonly frames: readonly Uint8Array[];
}
