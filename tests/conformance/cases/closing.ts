/** Close frames, and what crosses them: the sequences of tests/support/closing.ts, and what needs more than frames. */

import { closeBodies, closeBody, closeRaces, type CloseSequence } from "../../support/closing.js";
import { asciiOf, type FrameSpec, framesOf, pattern } from "../../support/vectors.js";
import { type Case, casesOf, get, type Row, send, sendCut, sendHeader, type Step } from "../case.js";
import { CLOSE_TIMEOUT_MS } from "../profiles.js";

const ASKED = (command: string): FrameSpec => [0x81, asciiOf(command)];
const ENDED: Step = { do: "ended" };
/** A Close frame is out, and no answer to it: TCP ends all the same, when the close time is over. */
const ENDED_IN_TIME: Step = { do: "ended", withinMs: CLOSE_TIMEOUT_MS };

/** A row for a sequence: the tested side echoes, and closes when it is asked to. */
function rowOf(sequence: CloseSequence): Row {
  const { name, outcome } = sequence;
  const [status, code] = outcome;
  const told = `${status} ${code === undefined ? "clean none" : `unclean ${code}`}`;
  const steps = sequence.ours === undefined ? begunThere(sequence) : begunHere(sequence, sequence.ours);
  const isFailed = sequence.ours === undefined && status !== 1006 && code !== undefined;
  return { name, steps, ending: isFailed ? status : "steps", outcome: told };
}

function begunThere({ frames, missing, tcp, before = [], answer = "", outcome }: CloseSequence): Step[] {
  const [status, code] = outcome;
  const sent = sendTorn(frames, missing);
  if (code === undefined) return [...sent, ...endOf(tcp), ...get(...before, [0x88, answer]), ENDED];
  if (status !== 1006) return [...sent, ...get(...before)];
  return [...sent, ...get(...before), ...endOf(tcp), ...(tcp === "reset" ? [] : [ENDED])];
}

function begunHere(sequence: CloseSequence, [status, reason = ""]: readonly [number, string?]): Step[] {
  const { frames, missing, tcp, isCrossed = false, outcome } = sequence;
  const command = ASKED(`!close ${status}${reason === "" ? "" : ` ${reason}`}`);
  const close = get([0x88, status === 1005 ? "" : closeBody(status, reason)]);
  if (isCrossed) return [send(command, ...frames), ...close, ENDED];
  const [, code] = outcome;
  const end = tcp === "reset" ? [] : [code === undefined || tcp === "end" ? ENDED : ENDED_IN_TIME];
  return [send(command), ...close, ...sendTorn(frames, missing), ...endOf(tcp), ...end];
}

function sendTorn(frames: readonly FrameSpec[], missing: number | undefined): Step[] {
  if (frames.length === 0) return [];
  return [{ do: "send", cut: "whole", bytes: (isMasked) => framesOf(frames, isMasked, missing) }];
}

function endOf(tcp: CloseSequence["tcp"]): Step[] {
  return tcp === undefined ? [] : [{ do: tcp }];
}

/** In pieces, and with a length that no Close frame may announce. */
function cutRows(): Row[] {
  const going: FrameSpec = [0x88, closeBody(1001, "going")];
  return [
    {
      name: "byte by byte",
      steps: [sendCut("bytes", going), ...get([0x88, closeBody(1001)]), ENDED],
      ending: "steps",
      outcome: "1001 clean none",
    },
    { name: "a Close that announces 126 bytes", steps: [sendHeader(0x88, "7e007e")], ending: 1002 },
  ];
}

function row(name: string, outcome: string, ...steps: readonly Step[]): Row {
  return { name, outcome, steps, ending: "steps" };
}

/** The tested side ends it in another way, or what comes is cut. */
function otherEnds(): Row[] {
  const close1000 = [send(ASKED("!close 1000")), ...get([0x88, "03e8"])];
  const thrown: readonly Step[] = [{ do: "fail", status: 1011 }];
  return [
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
      "it closes, the peer answers byte by byte",
      "1000 clean none",
      ...close1000,
      sendCut("bytes", [0x88, "03e8"]),
      ENDED,
    ),
    row("it aborts", "1006 unclean none", send(ASKED("!abort")), ENDED),
    row("its handler throws", "1011 unclean ERR_HANDLER", send(ASKED("!throw")), ...thrown, ENDED),
    row(
      "its handler throws, and the peer answers",
      "1011 unclean ERR_HANDLER",
      send(ASKED("!throw")),
      ...thrown,
      send([0x88, closeBody(1011)]),
      ENDED,
    ),
    row(
      "its handler throws within a segment of messages",
      "1011 unclean ERR_HANDLER",
      send([0x81, "61"], ASKED("!throw"), [0x81, "62"]),
      ...get([0x81, "61"]),
      ...thrown,
      ENDED,
    ),
  ];
}

/** The tested side fails the connection. */
function failures(): Row[] {
  const failed: Step = { do: "fail", status: 1002 };
  const told = "1002 unclean ERR_PROTOCOL";
  return [
    row("a failure is answered by the peer", told, send([0xc1, "61"]), failed, send([0x88, closeBody(1002)]), ENDED),
    row(
      "a failure, and the peer sends on",
      told,
      send([0xc1, "61"], [0x81, pattern(2_000)]),
      failed,
      send([0x81, pattern(2_000)]),
      ENDED,
    ),
    row(
      "a failure behind 20 messages that are answered before",
      told,
      send(...twenty(), [0xc1]),
      ...get(...twenty()),
      failed,
      ENDED,
    ),
  ];
}

function twenty(): FrameSpec[] {
  return Array.from({ length: 20 }, (_, at) => [0x82, Uint8Array.of(at)]);
}

export function closingCases(): Case[] {
  return [
    ...casesOf("close: codes and reasons", [...closeBodies().map(rowOf), ...cutRows()]),
    ...casesOf("close: races", [...closeRaces().map(rowOf), ...otherEnds(), ...failures()]),
  ];
}
