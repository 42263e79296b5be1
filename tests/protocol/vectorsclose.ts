/** The closing handshake: RFC 6455, 5.5.1 and 7.4. */

import { Role } from "xs-websockets/common/constants";
import { closeBodies, closeRaces, type CloseSequence } from "../support/closing.js";
import { describeBytes, type FrameSpec, framesOf, hexOf, pattern, payloadOf } from "../support/vectors.js";
import { accepted, closed, refused, refusedBytes, type Vector } from "./vectortypes.js";

/** The sequences of the table that need no TCP, and what may come in the place of frames. */
export function closeVectors(): Vector[] {
  const close = [0x88, "03e8"] as const;
  return [
    ...[...closeBodies(), ...closeRaces()]
      .filter(({ tcp }) => tcp === undefined)
      .flatMap((sequence) => [Role.Server, Role.Client].map((role) => vectorOf(sequence, role))),
    ...closed("the header of a huge frame behind Close", [close], 1000, "1000", [], { announced: [0x82, 2 ** 52] }),
    ...refused("a message behind an error", [[0x83], [0x81, "61"]], 1002),
    ...refused("Close behind an error", [[0x83], close], 1002),
    ...refused("another error behind an error", [[0x81, "ff"], [0x83]], 1007),
    ...accepted("no bytes at all", [], []),
    refusedBytes("text where frames should be", Role.Server, hexOf(pattern(40)), 1002),
    refusedBytes("an HTTP answer where frames should be", Role.Client, "485454502f312e31203230300d0a", 1002),
    refusedBytes("an HTTP request where frames should be", Role.Server, "474554202f20485454502f312e310d0a", 1002),
    refusedBytes("the head of a TLS handshake", Role.Server, "1603010200010001fc0303", 1002),
  ];
}

function vectorOf(sequence: CloseSequence, role: Role): Vector {
  const { name, ours, frames, missing = 0, outcome } = sequence;
  const [status, code] = outcome;
  return {
    name: `${name}, read by a ${role === Role.Server ? "server" : "client"}`,
    role,
    bytes: () => framesOf(frames, role === Role.Server, missing),
    ...(ours === undefined ? {} : { ours }),
    isTorn: missing > 0,
    events: eventsOf(sequence, role),
    outcome: `${status} ${code === undefined ? "clean" : "unclean"}`,
    ...(code === undefined ? {} : { code }),
  };
}

function eventsOf({ ours, answer, before = [], received = [], frames, outcome }: CloseSequence, role: Role): string[] {
  const [status, code] = outcome;
  const hasClose = frames.some(([first]) => (first & 0x0f) === 8);
  // RFC 6455, 7.1.1: the server ends the TCP connection first. Where the peer has failed, either side does, at its Close.
  const end = hasClose && (code !== undefined || role === Role.Server) ? ["end"] : [];
  if (ours !== undefined) {
    const sent = `sent close:${ours[0] === 1005 ? "" : ours[0]}`;
    return [sent, ...received.map(eventOf), ...(code === "ERR_TIMEOUT" ? ["destroy"] : end)];
  }
  const sent = answer === undefined ? status : answer === "" ? "" : Number.parseInt(answer, 16);
  return [...before.map(eventOf), `sent close:${sent}`, ...end];
}

/** What is told of a message that comes, or of a Pong that leaves. */
function eventOf(spec: FrameSpec): string {
  const payload = payloadOf(spec);
  switch (spec[0]) {
    case 0x81:
      return `text:${String.fromCharCode(...payload)}`;
    case 0x82:
      return `binary:${describeBytes(payload)}`;
    default:
      return `sent pong:${describeBytes(payload)}`;
  }
}
