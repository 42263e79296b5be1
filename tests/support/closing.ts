/**
 * Closing handshakes (RFC 6455, 5.5.1, 7 and 7.4): what a peer sends, and what comes of it. The frame layer, at every split,
 * and the conformance cases, over TCP on every host and in both roles, read the same table. On XS too.
 */

import { CLOSE_STATUSES, FORBIDDEN_CLOSE_STATUSES, INVALID_REASONS } from "./tables.js";
import { asciiOf, bytesOf, type FrameSpec, hexOf, joined, pattern } from "./vectors.js";

/** What comes of a connection: its status, and the code of its error where it does not end well. */
export type Outcome = readonly [
  status: number,
  code?: "ERR_PROTOCOL" | "ERR_INVALID_PAYLOAD" | "ERR_TIMEOUT" | "ERR_NETWORK",
];

export interface CloseSequence {
  readonly name: string;
  /** Where we begin: what `close` is called with. 1005: without a status. */
  readonly ours?: readonly [status: number, reason?: string];
  /** Whether the peer's frames are on their way when we close. */
  readonly isCrossed?: boolean;
  /** What the peer sends; where we begin, behind our Close frame. */
  readonly frames: readonly FrameSpec[];
  /** How many bytes at the end of the last frame do not come. */
  readonly missing?: number;
  /** How the peer ends TCP then, unasked: its side of it by FIN, or all of it by RST. */
  readonly tcp?: "end" | "reset";
  /** What goes back before our Close frame: echoes of messages, and Pongs. */
  readonly before?: readonly FrameSpec[];
  /** Where we begin: the messages that we still receive. */
  readonly received?: readonly FrameSpec[];
  /** The body of our Close frame, as hex, where the peer begins. Undefined: that of a failure, or none. */
  readonly answer?: string;
  readonly outcome: Outcome;
}

/** What `close` refuses, for its caller's mistake: those that may not be sent, and what is no status at all. */
export const REFUSED_CLOSES: readonly (readonly [status: number, reason: string])[] = [
  ...FORBIDDEN_CLOSE_STATUSES.filter((status) => status !== 1005).map((status) => [status, ""] as const),
  ...[-1, 65_536, 1000.5, 3000.5, NaN, Infinity].map((status) => [status, ""] as const),
  [1000, "a".repeat(124)],
  [1000, "é".repeat(62)],
  [1005, "a reason without a status"],
];

/** The body of a Close frame, as hex. */
export function closeBody(status: number, reason: string | Uint8Array = ""): string {
  const bytes = typeof reason === "string" ? asciiOf(reason) : reason;
  return hexOf(joined([Uint8Array.of(status >> 8, status & 0xff), bytes]));
}

const NORMAL = closeBody(1000);
const CLOSE: FrameSpec = [0x88, NORMAL];

/** The peer's Close frame, and its own status goes back. */
function answered(name: string, body: string): CloseSequence {
  const status = body === "" ? 1005 : Number.parseInt(body.slice(0, 4), 16);
  return { name, frames: [[0x88, body]], answer: body.slice(0, 4), outcome: [status] };
}

/** A Close frame that breaks a rule. */
function refused(name: string, body: string, status: 1002 | 1007): CloseSequence {
  return {
    name,
    frames: [[0x88, body]],
    outcome: [status, status === 1007 ? "ERR_INVALID_PAYLOAD" : "ERR_PROTOCOL"],
  };
}

/** One Close frame of the peer, with every kind of body. */
export function closeBodies(): CloseSequence[] {
  const ok = asciiOf("ok");
  return [
    answered("Close without a body", ""),
    refused("Close with a body of one byte", "03", 1002),
    ...CLOSE_STATUSES.flatMap((status) => [
      answered(`Close ${status}`, closeBody(status)),
      answered(`Close ${status} with a reason`, closeBody(status, ok)),
    ]),
    ...FORBIDDEN_CLOSE_STATUSES.flatMap((status) => [
      refused(`Close ${status}`, closeBody(status), 1002),
      refused(`Close ${status} with a reason`, closeBody(status, ok), 1002),
    ]),
    answered("Close with a reason of 123 bytes", closeBody(1000, pattern(123))),
    // RFC 6455, 5.5: a control frame has at most 125 bytes.
    refused("Close with a reason of 124 bytes", closeBody(1000, pattern(124)), 1002),
    answered("Close with a reason in UTF-8 of all lengths", closeBody(4000, bytesOf("c2a2e282acf09f9880"))),
    ...INVALID_REASONS.map((hex) => refused(`Close with the reason ${hex}`, NORMAL + hex, 1007)),
  ];
}

/** The peer begins, between and before other frames. */
function begunThere(): CloseSequence[] {
  const clean = { answer: NORMAL, outcome: [1000] as const };
  const text: FrameSpec = [0x81, "61"];
  return [
    { name: "a message before Close", frames: [text, CLOSE], before: [text], ...clean },
    { name: "a Ping before Close", frames: [[0x89, "01"], CLOSE], before: [[0x8a, "01"]], ...clean },
    {
      name: "Pings, a message and Close",
      frames: [[0x89, "31"], text, [0x89, "32"], CLOSE],
      before: [[0x8a, "31"], text, [0x8a, "32"]],
      ...clean,
    },
    { name: "Close within a message", frames: [[0x01, "61"], CLOSE], ...clean },
    { name: "Close between fragments", frames: [[0x01, "61"], CLOSE, [0x80, "62"]], ...clean },
    { name: "a message behind Close", frames: [CLOSE, text], ...clean },
    { name: "a Ping behind Close", frames: [CLOSE, [0x89, "61"]], ...clean },
    { name: "another Close behind Close", frames: [CLOSE, [0x88, closeBody(1001)]], ...clean },
    { name: "a broken frame behind Close", frames: [CLOSE, [0xff, pattern(100)]], ...clean },
    { name: "half a message behind Close", frames: [CLOSE, [0x82, pattern(300)]], missing: 200, ...clean },
    { name: "Close and FIN", frames: [CLOSE], tcp: "end", ...clean },
    { name: "a message, Close and FIN", frames: [text, CLOSE], tcp: "end", before: [text], ...clean },
    { name: "FIN without Close", frames: [text], tcp: "end", before: [text], outcome: [1006, "ERR_NETWORK"] },
    { name: "RST without Close", frames: [text], tcp: "reset", before: [text], outcome: [1006, "ERR_NETWORK"] },
    { name: "half of a Close, and FIN", frames: [CLOSE], missing: 1, tcp: "end", outcome: [1006, "ERR_NETWORK"] },
    {
      name: "a Close without the end of its reason, and FIN",
      frames: [[0x88, closeBody(1000, "going away")]],
      missing: 4,
      tcp: "end",
      outcome: [1006, "ERR_NETWORK"],
    },
  ];
}

/** We begin. */
function begunHere(): CloseSequence[] {
  const ours = [1000] as const;
  const clean = { ours, outcome: [1000] as const };
  return [
    { name: "we close, the peer answers", frames: [CLOSE], ...clean },
    {
      name: "we close with a status and a reason",
      ours: [4999, "the end"],
      frames: [[0x88, closeBody(4999)]],
      outcome: [4999],
    },
    { name: "we close without a status", ours: [1005], frames: [[0x88]], outcome: [1005] },
    { name: "we close, the peer has another status", ours, frames: [[0x88, closeBody(4000, "mine")]], outcome: [4000] },
    { name: "we close, the peer gives no status", ours, frames: [[0x88]], outcome: [1005] },
    {
      name: "we close, frames come before the answer",
      frames: [[0x81, "61"], [0x89, "62"], [0x82, "63"], CLOSE],
      received: [
        [0x81, "61"],
        [0x82, "63"],
      ],
      ...clean,
    },
    {
      name: "we close, a message comes in fragments before the answer",
      frames: [[0x01, "63"], [0x80, "64"], CLOSE],
      received: [[0x81, "6364"]],
      ...clean,
    },
    { name: "we close, the answer comes within a message", frames: [[0x01, "63"], CLOSE], ...clean },
    { name: "we close, the peer answers twice", frames: [CLOSE, [0x88, closeBody(1001)]], ...clean },
    { name: "we close, the peer sends on behind its answer", frames: [CLOSE, [0x81, "61"], [0xff]], ...clean },
    { name: "we close, the answer and FIN come", frames: [CLOSE], tcp: "end", ...clean },
    { name: "both close at once", ours, isCrossed: true, frames: [CLOSE], outcome: [1000] },
    {
      name: "both close at once, with statuses",
      ours,
      isCrossed: true,
      frames: [[0x88, closeBody(3001)]],
      outcome: [3001],
    },
    ...endedBadly(),
  ];
}

/** We begin, and the peer does not end it well. */
function endedBadly(): CloseSequence[] {
  const ours = [1000] as const;
  const late = ["ERR_TIMEOUT"] as const;
  return [
    { name: "we close, the peer is silent", ours, frames: [], outcome: [1006, ...late] },
    {
      name: "we close, the peer sends messages and never a Close",
      ours,
      frames: [
        [0x81, "61"],
        [0x89, "62"],
        [0x82, pattern(300)],
      ],
      received: [
        [0x81, "61"],
        [0x82, pattern(300)],
      ],
      outcome: [1006, ...late],
    },
    { name: "we close, half of an answer comes", ours, frames: [CLOSE], missing: 1, outcome: [1006, ...late] },
    { name: "we close, the peer breaks a rule", ours, frames: [[0xc1, "61"]], outcome: [1002, "ERR_PROTOCOL"] },
    {
      name: "we close, the peer answers with a status that is not allowed",
      ours,
      frames: [[0x88, closeBody(1005)]],
      outcome: [1002, "ERR_PROTOCOL"],
    },
    {
      name: "we close, the peer's reason is not UTF-8",
      ours,
      frames: [[0x88, `${NORMAL}ff`]],
      outcome: [1007, "ERR_INVALID_PAYLOAD"],
    },
    { name: "we close, the peer's FIN comes", ours, frames: [], tcp: "end", outcome: [1006, "ERR_NETWORK"] },
    { name: "we close, the peer's RST comes", ours, frames: [], tcp: "reset", outcome: [1006, "ERR_NETWORK"] },
    {
      name: "we close, half of an answer and FIN come",
      ours,
      frames: [CLOSE],
      missing: 1,
      tcp: "end",
      outcome: [1006, "ERR_NETWORK"],
    },
  ];
}

/** What comes before, behind and instead of Close frames, and who begins. */
export function closeRaces(): CloseSequence[] {
  return [...begunThere(), ...begunHere()];
}
