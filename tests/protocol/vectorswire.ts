/** Frames and their bytes, read both ways: what is written is what is read (RFC 6455, 5.2 and 5.7). */

import { copyBytes } from "#platform";
import { Opcode, Role } from "xs-websockets/common/constants";
import { FrameReader, type FrameListener } from "xs-websockets/protocol/framereader";
import { encodeFrame } from "xs-websockets/protocol/framewriter";
import { asciiOf, bytesOf, frame, hexOf, joined, pattern, wireFrames } from "../support/vectors.js";

/** A frame, and the header that a server sends it with. */
export interface WireFrameVector {
  readonly name: string;
  readonly header: string;
  readonly opcode: Opcode;
  readonly isFinal: boolean;
  readonly payload: Uint8Array;
}

const row = (header: string, opcode: Opcode, isFinal: boolean, payload: Uint8Array): WireFrameVector => ({
  name: `the frame ${header} with ${payload.length} bytes, written and read`,
  header,
  opcode,
  isFinal,
  payload,
});

/** Every opcode, and every form of the length. */
export const wireFrameTable: readonly WireFrameVector[] = [
  row("8105", Opcode.Text, true, asciiOf("Hello")),
  row("0103", Opcode.Text, false, asciiOf("Hel")),
  row("8002", Opcode.Continuation, true, asciiOf("lo")),
  row("0000", Opcode.Continuation, false, pattern(0)),
  row("8905", Opcode.Ping, true, asciiOf("Hello")),
  row("8a05", Opcode.Pong, true, asciiOf("Hello")),
  row("8802", Opcode.Close, true, bytesOf("03e8")),
  row("897d", Opcode.Ping, true, pattern(125)),
  row("8200", Opcode.Binary, true, pattern(0)),
  row("8201", Opcode.Binary, true, pattern(1)),
  row("827c", Opcode.Binary, true, pattern(124)),
  row("827d", Opcode.Binary, true, pattern(125)),
  row("827e007e", Opcode.Binary, true, pattern(126)),
  row("827e007f", Opcode.Binary, true, pattern(127)),
  row("827e0100", Opcode.Binary, true, pattern(256)),
  row("827efffe", Opcode.Binary, true, pattern(65_534)),
  row("827effff", Opcode.Binary, true, pattern(65_535)),
  row("827f0000000000010000", Opcode.Binary, true, pattern(65_536)),
  row("827f0000000000010001", Opcode.Binary, true, pattern(65_537)),
];

/** @throws Error where the frame is not written as it should be, or read as something else */
export function runWireFrame(vector: WireFrameVector): void {
  const { header, opcode, isFinal, payload } = vector;
  const before = hexOf(payload);
  const fromServer = encodeFrame(Role.Server, opcode, isFinal, payload);
  const fromClient = encodeFrame(Role.Client, opcode, isFinal, payload);
  wanted(hexOf(fromServer), header + before, "a server's frame");
  wanted(hexOf(payload), before, "the caller's buffer");
  const [sent] = wireFrames(fromClient);
  wanted(fromClient[1], Number.parseInt(header.slice(2, 4), 16) | 0x80, "the second byte of a client's frame");
  wanted(hexOf(fromClient.subarray(2, header.length / 2)), header.slice(4), "the length in a client's frame");
  wanted(sent?.mask.length, 4, "the length of a client's mask");
  wanted(hexOf(sent?.payload ?? pattern(0)), before, "the payload in a client's frame");
  const description = `${opcode} ${String(isFinal)} ${before}`;
  wanted(read(Role.Client, fromServer), description, "a server's frame, read");
  wanted(read(Role.Server, fromClient), description, "a client's frame, read");
  wanted(read(Role.Server, frame((isFinal ? 0x80 : 0) | opcode, payload, true)), description, "a masked frame, read");
}

function read(role: Role, bytes: Uint8Array): string {
  let told = "";
  const payload: Uint8Array[] = [];
  const frameReceived: FrameListener["frameReceived"] = (opcode, isFinal, chunk, start, end) => {
    told += `${opcode} ${String(isFinal)} `;
    payload.push(copyBytes(chunk, start, end, role === Role.Server));
  };
  const listener: FrameListener = {
    frameStarted: (opcode, isFinal) => (told += `${opcode} ${String(isFinal)} `),
    frameReceived,
    payloadReceived: (piece) => payload.push(piece.slice()),
    frameRefused: (error) => (told += error.message),
  };
  new FrameReader(role, listener).read(bytes);
  return told + hexOf(joined(payload));
}

function wanted(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${shown(actual)}; wanted: ${shown(expected)}`);
}

function shown(value: unknown): string {
  return String(value).slice(0, 80);
}
