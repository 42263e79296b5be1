/** A case: what the runner, as peer of the tested side, does and wants, step by step. Data; the runners interpret it. */

import { bytesOf, describeFrame, type FrameSpec, framesOf, joined, MASK, payloadOf } from "../support/vectors.js";
import type { Profile } from "./profiles.js";

/** The side that is tested. */
export type Side = "server" | "client";

/** How bytes are cut: not at all, byte by byte, in pieces of a size, or behind so many bytes. */
export type Cut = "whole" | "bytes" | { readonly every: number } | { readonly at: readonly number[] };

/** How one side compresses its messages (RFC 7692, 7.1). */
export interface Direction {
  readonly windowBits: number;
  /** Whether no message refers to those before it. */
  readonly isForgetful: boolean;
}

/** What was agreed on, as the runner holds the tested side to it. */
export interface Compression {
  readonly toTested: Direction;
  readonly fromTested: Direction;
}

/** A message. */
export interface Message {
  readonly isText: boolean;
  readonly bytes: Uint8Array;
}

/** A message that has come. */
export interface ReceivedMessage extends Message {
  readonly isCompressed: boolean;
  readonly refersBack: boolean;
}

/** One step of a case. */
export type Step =
  /** The runner sends a compressed message, in frames of so many bytes; 0: in one. */
  | { readonly do: "compress"; readonly message: Message; readonly fragmentBytes: number }
  /** The next message of the tested side is this one, compressed or not, or as is wanted. */
  | {
      readonly do: "inflate";
      readonly message: Message;
      readonly isCompressed?: boolean;
      /** Whether it refers to messages before it. */
      readonly refersBack?: boolean;
    }
  /** The runner sends. A client's frames are masked. */
  | { readonly do: "send"; readonly bytes: (isMasked: boolean) => Uint8Array; readonly cut: Cut }
  /** The next frame of the tested side is this one, as tests/support/vectors.ts describes it. */
  | { readonly do: "expect"; readonly frame: string }
  /** The next Close frame has this status; its reason does not matter. */
  | { readonly do: "fail"; readonly status: number }
  /** Nothing comes for so long. */
  | { readonly do: "silence"; readonly ms: number }
  /** The runner ends its side of TCP, by FIN or by RST. */
  | { readonly do: "end" | "reset" }
  /** The tested side ends TCP, within its close time, or `withinMs`, and has sent nothing more. */
  | { readonly do: "ended"; readonly withinMs?: number };

/** What comes before the steps. */
export type Handshake =
  /** A proper upgrade. */
  | { readonly kind: "proper" }
  /** As server of a tested client: this answer to its request, whose accept value replaces ACCEPT. */
  | { readonly kind: "answer"; readonly head: string; readonly early?: Uint8Array; readonly cut: Cut }
  /** As client of a tested server: this request; and the answer that is wanted. */
  | {
      readonly kind: "request";
      readonly head: string;
      readonly early?: Uint8Array;
      readonly cut: Cut;
      readonly status: number;
      /** Header fields that the answer has, by lower-case name; undefined: it has none of that name. */
      readonly fields?: Readonly<Record<string, string | undefined>>;
    }
  /** Nothing: the steps do it. */
  | { readonly kind: "none" };

/** A case. */
export interface Case {
  readonly group: string;
  readonly name: string;
  readonly side: Side;
  readonly profile: Profile;
  readonly handshake: Handshake;
  readonly steps: readonly Step[];
  /** What was agreed on in the handshake, where messages are compressed. */
  readonly compression?: Compression;
  /** What a tested client tells of the end: "1000 clean none". Undefined: anything. */
  readonly outcome?: string;
  /** Whether it moves so much that XS, at 75 KB a second, needs long. */
  readonly isBig?: boolean;
}

/** The runner sends frames, all in one segment. */
export function send(...frames: readonly FrameSpec[]): Step {
  return sendCut("whole", ...frames);
}

/** The runner sends frames that are cut without regard to what they are. */
export function sendCut(cut: Cut, ...frames: readonly FrameSpec[]): Step {
  return { do: "send", cut, bytes: (isMasked) => framesOf(frames, isMasked) };
}

/** The runner sends frames, the last of which announces `missing` bytes more than come. */
export function sendPart(cut: Cut, missing: number, ...frames: readonly FrameSpec[]): Step {
  const bytes = (isMasked: boolean): Uint8Array => {
    const last = frames.at(-1) ?? [0];
    const announced: FrameSpec = [last[0], joined([payloadOf(last), new Uint8Array(missing)])];
    return framesOf([...frames.slice(0, -1), announced], isMasked, missing);
  };
  return { do: "send", cut, bytes };
}

/** The runner sends a header whose length fields are given as hex, and a part of its payload. */
export function sendHeader(first: number, lengthFields: string, payload = ""): Step {
  const bytes = (isMasked: boolean): Uint8Array => {
    const fields = bytesOf(lengthFields);
    if (isMasked) fields[0] = (fields[0] ?? 0) | 0x80;
    const masked = bytesOf(payload).map((byte, at) => (isMasked ? byte ^ (MASK[at % 4] ?? 0) : byte));
    return joined([Uint8Array.of(first), fields, isMasked ? Uint8Array.from(MASK) : new Uint8Array(0), masked]);
  };
  return { do: "send", cut: "whole", bytes };
}

/** The runner sends these frames with the mask of the other role. */
export function sendWronglyMasked(...frames: readonly FrameSpec[]): Step {
  return { do: "send", cut: "whole", bytes: (isMasked) => framesOf(frames, !isMasked) };
}

/** The tested side sends these frames next. */
export function get(...frames: readonly FrameSpec[]): Step[] {
  return frames.map((spec) => {
    return {
      do: "expect",
      frame: describeFrame({ first: spec[0], mask: new Uint8Array(0), payload: payloadOf(spec) }),
    };
  });
}

/** How a row ends: in a clean closing handshake begun by the runner; by failing with a status; or as its steps say. */
export type Ending = "close" | "steps" | number;

/** A row of a table. */
export interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly ending: Ending;
  readonly profile?: Profile;
  readonly outcome?: string;
  readonly isBig?: boolean;
}

/** A row in which messages come back, and the connection then closes cleanly. */
export function echoes(name: string, frames: readonly FrameSpec[], back = frames, cut: Cut = "whole"): Row {
  return { name, steps: [sendCut(cut, ...frames), ...get(...back)], ending: "close" };
}

/** A row in which frames make the tested side fail the connection. */
export function fails(
  name: string,
  status: number,
  frames: readonly FrameSpec[],
  back: readonly FrameSpec[] = [],
): Row {
  return { name, steps: [send(...frames), ...get(...back)], ending: status };
}

const CLOSING: readonly Step[] = [send([0x88, "03e8"]), ...get([0x88, "03e8"]), { do: "ended" }];

/** Cases of rows, for both sides or one. */
export function casesOf(group: string, rows: readonly Row[], sides: readonly Side[] = ["server", "client"]): Case[] {
  return sides.flatMap((side) =>
    rows.map(({ name, steps, ending, profile = "echo", outcome, isBig = false }) => {
      const tail: readonly Step[] =
        ending === "close" ? CLOSING : ending === "steps" ? [] : [{ do: "fail", status: ending }, { do: "ended" }];
      const told = outcome ?? toldOf(ending);
      return {
        ...{ group, name, side, profile, isBig },
        handshake: { kind: "proper" },
        steps: [...steps, ...tail],
        ...(told === undefined ? {} : { outcome: told }),
      };
    }),
  );
}

export function toldOf(ending: Ending): string | undefined {
  if (ending === "steps") return undefined;
  return ending === "close" ? "1000 clean none" : `${ending} unclean ${ERROR_CODES[ending] ?? "ERR_PROTOCOL"}`;
}

const ERROR_CODES: Readonly<Record<number, string>> = {
  1007: "ERR_INVALID_PAYLOAD",
  1008: "ERR_POLICY",
  1009: "ERR_MESSAGE_TOO_BIG",
  1011: "ERR_HANDLER",
};
