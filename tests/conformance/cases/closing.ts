/** Close frames, and what crosses them. */

import { CLOSE_STATUSES, FORBIDDEN_CLOSE_STATUSES, INVALID_REASONS } from "../../support/tables.js";
import { asciiOf, pattern } from "../../support/vectors.js";
import {
  type Case,
  casesOf,
  type FrameSpec,
  get,
  type Row,
  send,
  sendCut,
  sendHeader,
  sendPart,
  type Step,
} from "../case.js";
import { CLOSE_TIMEOUT_MS } from "../profiles.js";

function body(status: number, reason: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof reason === "string" ? asciiOf(reason) : reason;
  return Uint8Array.of(status >> 8, status & 0xff, ...bytes);
}

/** The runner closes, gets this answer, and the tested side ends TCP: a client when the runner, as server, has. */
function closes(name: string, close: FrameSpec, status: number, answer: FrameSpec): Row {
  return {
    name,
    steps: [send(close), ...get(answer), { do: "ended" }],
    ending: "steps",
    outcome: `${status} clean none`,
  };
}

function statuses(): Row[] {
  return [
    ...CLOSE_STATUSES.map((status) => closes(`status ${status}`, [0x88, body(status)], status, [0x88, body(status)])),
    ...FORBIDDEN_CLOSE_STATUSES.map((status): Row => ({
      name: `status ${status} is not allowed`,
      steps: [send([0x88, body(status)])],
      ending: 1002,
    })),
    closes("no status", [0x88], 1005, [0x88]),
    { name: "a body of one byte", steps: [send([0x88, "03"])], ending: 1002 },
    closes("a reason", [0x88, body(1000, "bye")], 1000, [0x88, "03e8"]),
    closes("a reason of 123 bytes", [0x88, body(1000, pattern(123))], 1000, [0x88, "03e8"]),
    closes(
      "a reason of all lengths of UTF-8",
      [0x88, body(4000, Uint8Array.of(0xc2, 0xa2, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80))],
      4000,
      [0x88, body(4000)],
    ),
    { name: "a Close that announces 126 bytes", steps: [sendHeader(0x88, "7e007e")], ending: 1002 },
    ...INVALID_REASONS.map((hex): Row => ({
      name: `a reason that is not UTF-8: ${hex}`,
      steps: [send([0x88, `03e8${hex}`])],
      ending: 1007,
    })),
    {
      ...closes("byte by byte", [0x88, body(1001, "going")], 1001, [0x88, body(1001)]),
      steps: [sendCut("bytes", [0x88, body(1001, "going")]), ...get([0x88, body(1001)]), { do: "ended" }],
    },
  ];
}

const ASKED = (command: string): Step => send([0x81, asciiOf(command)]);
const ENDED: Step = { do: "ended" };
/** A Close frame is out, and its answer does not come: TCP ends all the same, when the close time is over. */
const ENDED_IN_TIME: Step = { do: "ended", withinMs: CLOSE_TIMEOUT_MS };

/** The tested side begins to close. */
function begunHere(): Row[] {
  const row = (name: string, outcome: string, ...steps: readonly Step[]): Row => ({
    name,
    outcome,
    steps,
    ending: "steps",
  });
  const close1000 = [ASKED("!close 1000"), ...get([0x88, "03e8"])];
  return [
    row("it closes, the peer answers", "1000 clean none", ...close1000, send([0x88, "03e8"]), ENDED),
    row(
      "it closes with 4999 and a reason",
      "4999 clean none",
      ASKED("!close 4999 the end"),
      ...get([0x88, body(4999, "the end")]),
      send([0x88, body(4999)]),
      ENDED,
    ),
    row("it closes without a status", "1005 clean none", ASKED("!close 1005"), ...get([0x88]), send([0x88]), ENDED),
    row(
      "it closes, the peer answers with another status",
      "4000 clean none",
      ...close1000,
      send([0x88, body(4000, "mine")]),
      ENDED,
    ),
    row("it closes, the peer is silent", "1006 unclean ERR_TIMEOUT", ...close1000, ENDED_IN_TIME),
    row(
      "it closes, the peer sends messages and never a Close",
      "1006 unclean ERR_TIMEOUT",
      ...close1000,
      send([0x81, "61"], [0x89, "62"], [0x82, pattern(300)]),
      ENDED_IN_TIME,
    ),
    row(
      "it closes, messages and a Ping cross its Close",
      "1000 clean none",
      ...close1000,
      send([0x81, "61"], [0x89, "62"], [0x82, "63"], [0x88, "03e8"]),
      ENDED,
    ),
    row(
      "it closes within a message of the peer, which goes on",
      "1000 clean none",
      send([0x01, "61"], [0x89]),
      ...get([0x8a]),
      send([0x80, "62"]),
      ...get([0x81, "6162"]),
      ...close1000,
      send([0x01, "63"], [0x80, "64"], [0x88, "03e8"]),
      ENDED,
    ),
    row(
      "it closes, the peer breaks a rule",
      "1002 unclean ERR_PROTOCOL",
      ...close1000,
      send([0xc1, "61"]),
      ENDED_IN_TIME,
    ),
    row(
      "it closes, the peer answers with a bad status",
      "1002 unclean ERR_PROTOCOL",
      ...close1000,
      send([0x88, body(1005)]),
      ENDED_IN_TIME,
    ),
    row(
      "it closes, the peer answers byte by byte",
      "1000 clean none",
      ...close1000,
      sendCut("bytes", [0x88, "03e8"]),
      ENDED,
    ),
    row(
      "it closes, the peer ends TCP without an answer",
      "1006 unclean ERR_NETWORK",
      ...close1000,
      { do: "end" },
      ENDED,
    ),
    row("it closes, the peer resets TCP", "1006 unclean ERR_NETWORK", ...close1000, { do: "reset" }),
    row(
      "it closes, half of an answer comes",
      "1006 unclean ERR_TIMEOUT",
      ...close1000,
      sendPart("whole", 1, [0x88, "03"]),
      ENDED_IN_TIME,
    ),
    row("it aborts", "1006 unclean none", ASKED("!abort"), ENDED),
    row("its handler throws", "1011 unclean ERR_HANDLER", ASKED("!throw"), { do: "fail", status: 1011 }, ENDED),
    row(
      "its handler throws, and the peer answers",
      "1011 unclean ERR_HANDLER",
      ASKED("!throw"),
      { do: "fail", status: 1011 },
      send([0x88, body(1011)]),
      ENDED,
    ),
    row(
      "its handler throws within a segment of messages",
      "1011 unclean ERR_HANDLER",
      send([0x81, "61"], [0x81, asciiOf("!throw")], [0x81, "62"]),
      ...get([0x81, "61"]),
      { do: "fail", status: 1011 },
      ENDED,
    ),
  ];
}

/** The peer begins to close, and what else it does. */
function begunThere(): Row[] {
  const row = (name: string, outcome: string, ...steps: readonly Step[]): Row => ({
    name,
    outcome,
    steps,
    ending: "steps",
  });
  const answered = [...get([0x88, "03e8"]), ENDED];
  return [
    row("both close at once", "1000 clean none", send([0x81, asciiOf("!close 1000")], [0x88, "03e8"]), ...answered),
    row("a message behind the Close is ignored", "1000 clean none", send([0x88, "03e8"], [0x81, "61"]), ...answered),
    row("a Ping behind the Close is not answered", "1000 clean none", send([0x88, "03e8"], [0x89, "61"]), ...answered),
    row("a second Close is ignored", "1000 clean none", send([0x88, "03e8"], [0x88, "03e9"]), ...answered),
    row(
      "garbage behind the Close is ignored",
      "1000 clean none",
      send([0x88, "03e8"], [0xff, pattern(100)]),
      ...answered,
    ),
    row(
      "a Close within a message: the message is dropped",
      "1000 clean none",
      send([0x01, "61"], [0x88, "03e8"]),
      ...answered,
    ),
    row(
      "a Close within a message, and the rest of it behind",
      "1000 clean none",
      send([0x01, "61"], [0x88, "03e8"], [0x80, "62"]),
      ...answered,
    ),
    row(
      "Pings, a message and the Close in one segment",
      "1000 clean none",
      send([0x89, "31"], [0x81, "61"], [0x89, "32"], [0x88, "03e8"]),
      ...get([0x8a, "31"], [0x81, "61"], [0x8a, "32"]),
      ...answered,
    ),
    row(
      "a message, the Close and FIN at once",
      "1000 clean none",
      send([0x81, "61"], [0x88, "03e8"]),
      { do: "end" },
      ...get([0x81, "61"]),
      ...answered,
    ),
    row("the Close and FIN at once", "1000 clean none", send([0x88, "03e8"]), { do: "end" }, ...answered),
    row(
      "a failure is answered by the peer",
      "1002 unclean ERR_PROTOCOL",
      send([0xc1, "61"]),
      { do: "fail", status: 1002 },
      send([0x88, body(1002)]),
      ENDED,
    ),
    row(
      "a failure, and the peer sends on",
      "1002 unclean ERR_PROTOCOL",
      send([0xc1, "61"], [0x81, pattern(2_000)]),
      { do: "fail", status: 1002 },
      send([0x81, pattern(2_000)]),
      ENDED,
    ),
    row(
      "a failure behind 20 messages that are answered before",
      "1002 unclean ERR_PROTOCOL",
      send(...twenty(), [0xc1]),
      ...get(...twenty()),
      { do: "fail", status: 1002 },
      ENDED,
    ),
    row(
      "FIN without a Close",
      "1006 unclean ERR_NETWORK",
      send([0x81, "61"]),
      ...get([0x81, "61"]),
      { do: "end" },
      ENDED,
    ),
    row("RST without a Close", "1006 unclean ERR_NETWORK", send([0x81, "61"]), ...get([0x81, "61"]), { do: "reset" }),
  ];
}

function twenty(): FrameSpec[] {
  return Array.from({ length: 20 }, (_, at) => [0x82, Uint8Array.of(at)]);
}

export function closingCases(): Case[] {
  return [
    ...casesOf("close: codes and reasons", statuses()),
    ...casesOf("close: races", [...begunHere(), ...begunThere()]),
  ];
}
