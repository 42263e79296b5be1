/** Messages to frames (RFC 6455, 5.2 to 5.4): headers, fragments, masks. */

import { maskFrame, withRoom } from "#platform";
import { FIN_BIT, LENGTH_16, LENGTH_64, MASK_BIT, MASK_BYTES, Opcode, Role } from "../common/constants.js";

/**
 * Encodes one frame. The payload is copied, so the caller's buffer is neither kept nor changed.
 *
 * @param role the sender: a client's frame gets a fresh random mask (RFC 6455, 5.3)
 * @param payload bytes, or a text, which becomes UTF-8
 */
export function encodeFrame(role: Role, opcode: Opcode, isFinal: boolean, payload: Uint8Array | string): Uint8Array {
  const frame = placePayload(role, payload);
  finishFrame(role, isFinal ? FIN_BIT | opcode : opcode, frame, headerLength(role, frame));
  return frame;
}

/** A frame of which all but its payload is still to be written. */
export function placePayload(role: Role, payload: Uint8Array | string): Uint8Array {
  return role === Role.Client ? withRoom(payload, 6, 8, 14) : withRoom(payload, 2, 4, 10);
}

/** Bytes before the payload of a frame. */
export function headerLength(role: Role, frame: Uint8Array): number {
  const maskSize = role === Role.Client ? MASK_BYTES : 0;
  const size = frame.length - maskSize;
  return maskSize + (size < 2 + LENGTH_16 ? 2 : size <= 4 + 0xffff ? 4 : 10);
}

/**
 * Writes the header of a frame, and masks it.
 *
 * @param first FIN and the opcode
 * @param start where the payload begins
 */
export function finishFrame(role: Role, first: number, frame: Uint8Array, start: number): void {
  const length = frame.length - start;
  const maskBit = role === Role.Client ? MASK_BIT : 0;
  frame[0] = first;
  if (length < LENGTH_16) frame[1] = maskBit | length;
  else writeLength(frame, maskBit, length);
  if (maskBit !== 0) maskFrame(frame, start);
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

function writeLength(frame: Uint8Array, maskBit: number, length: number): void {
  const size = length <= 0xffff ? 2 : 8;
  frame[1] = maskBit | (size === 2 ? LENGTH_16 : LENGTH_64);
  let rest = length;
  for (let at = 1 + size; at > 1; at--) {
    frame[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
