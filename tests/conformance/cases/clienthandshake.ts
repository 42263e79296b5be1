/** Answers, valid and hostile, to the request of a tested client; and what comes behind them. */

import { frame, joined, pattern, type FrameSpec } from "../../support/vectors.js";
import { type Case, type Cut, get, send, type Step } from "../case.js";
import { HANDSHAKE_TIMEOUT_MS, MAX_HEAD_BYTES, type Profile } from "../profiles.js";

type Fields = Readonly<Record<string, string | undefined>>;

const FIELDS: Fields = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": "ACCEPT" };
const LINE = "HTTP/1.1 101 Switching Protocols";

/** An answer with some fields changed; undefined leaves one out. ACCEPT becomes the right value. */
export function answer(changes: Fields = {}, line = LINE): string {
  const fields = Object.entries({ ...FIELDS, ...changes });
  const lines = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return `${line}\r\n${lines.join("")}\r\n`;
}

/** An answer whose head has exactly so many bytes; the accept value has 28. */
function answerOfSize(size: number): string {
  const empty = answer({ "X-Fill": "" });
  return answer({ "X-Fill": "x".repeat(size - empty.length - (28 - "ACCEPT".length)) });
}

const TALK: readonly Step[] = [
  send([0x81, "6869"]),
  ...get([0x81, "6869"]),
  send([0x88, "03e8"]),
  ...get([0x88, "03e8"]),
  { do: "ended" },
];

interface Options {
  readonly cut?: Cut;
  readonly early?: Uint8Array;
  readonly profile?: Profile;
  readonly steps?: readonly Step[];
  readonly outcome?: string;
}

function made(
  group: string,
  name: string,
  head: string,
  options: Required<Pick<Options, "steps" | "outcome">> & Options,
): Case {
  const { cut = "whole", early, profile = "echo", steps, outcome } = options;
  const handshake = { kind: "answer", head, cut, ...(early === undefined ? {} : { early }) } as const;
  return { group, name, side: "client", profile, handshake, steps, outcome };
}

function accepted(name: string, head: string, options: Options = {}): Case {
  return made("handshake: valid", name, head, { steps: TALK, outcome: "1000 clean none", ...options });
}

/** The client ends TCP without having sent a frame, and tells the error. */
function refused(name: string, head: string, told: string, options: Options = {}): Case {
  return made("handshake: hostile", name, head, {
    steps: [{ do: "ended" }],
    outcome: `1006 unclean ${told}`,
    ...options,
  });
}

function valid(): Case[] {
  return [
    accepted("a plain answer", answer()),
    accepted(
      "names of fields in lower case",
      answer().replace(/^[A-Za-z-]+(?=:)/gm, (name) => name.toLowerCase()),
    ),
    accepted(
      "names of fields in capitals",
      answer().replace(/^[A-Za-z-]+(?=:)/gm, (name) => name.toUpperCase().replace("ACCEPT", "Accept")),
    ),
    ...["WebSocket", "WEBSOCKET"].map((value) => accepted(`Upgrade: ${value}`, answer({ Upgrade: value }))),
    ...["upgrade", "keep-alive, Upgrade", "UPGRADE , x"].map((value) =>
      accepted(`Connection: ${value}`, answer({ Connection: value })),
    ),
    ...["HTTP/1.1 101 Web Socket Protocol Handshake", "HTTP/1.1 101 ", "HTTP/1.1 101", "HTTP/1.1 101 \u00fc"].map(
      (line) => accepted(`the status line ${JSON.stringify(line)}`, answer({}, line)),
    ),
    accepted("white space around values", answer().replace(/: (.*)\r\n/g, ": \t $1 \t\r\n")),
    accepted("no white space before values", answer().replace(/: /g, ":")),
    accepted("unknown fields", answer({ Server: "x/1.0", Date: "now", "X-Empty": "", "Set-Cookie": "a=b" })),
    accepted("two fields of the same name", answer({ "Set-Cookie": "a=b\r\nSet-Cookie: c=d" })),
    accepted("bytes above 7f in a field", answer({ "X-Name": "\u00fc\u00ff" })),
    accepted("an empty list of extensions", answer({ "Sec-WebSocket-Extensions": "" })),
    accepted("fields in another order", answer().replace(/(Upgrade: .*\r\n)([^]*?)\r\n\r\n$/, "$2\r\n$1\r\n")),
    ...["chat", "chat.v2"].map((name) =>
      accepted(`the subprotocol ${name}`, answer({ "Sec-WebSocket-Protocol": name }), { profile: "names" }),
    ),
    accepted("no subprotocol though some were offered", answer(), { profile: "names" }),
    accepted(`a head of ${MAX_HEAD_BYTES} bytes`, answerOfSize(MAX_HEAD_BYTES)),
    accepted("a field of 3,900 bytes that does not count", answer({ "X-Long": "x".repeat(3_900) })),
    accepted("a folded field that does not count", answer({ "X-Long": "a\r\n b\r\n\tc" })),
    accepted("line ends of LF alone", answer().replaceAll("\r\n", "\n")),
    accepted("byte by byte", answer(), { cut: "bytes" }),
    ...[1, 12, 34, 35, 60].map((at) => accepted(`cut at ${at}`, answer(), { cut: { at: [at] } })),
    ...[1, 2, 3].map((back) => accepted(`cut ${back} bytes before its end`, answer(), { cut: { at: [-back] } })),
    accepted("in segments of 7 bytes", answer(), { cut: { every: 7 } }),
  ];
}

function early(): Case[] {
  const frames = (...specs: readonly FrameSpec[]): Uint8Array =>
    joined(specs.map(([first, payload]) => frame(first, payload as Uint8Array, false)));
  const hi: FrameSpec = [0x81, Uint8Array.of(0x68, 0x69)];
  const big: FrameSpec = [0x82, pattern(3_000)];
  const close: FrameSpec = [0x88, Uint8Array.of(3, 232)];
  const row = (name: string, bytes: Uint8Array, steps: readonly Step[], options: Options = {}): Case =>
    accepted(`${name} behind the head`, answer(), { early: bytes, steps, ...options });
  return [
    row("a message", frames(hi), [...get(hi), ...TALK]),
    row("three messages", frames(hi, hi, big), [...get(hi, hi, big), ...TALK]),
    row("half of a message", frames(hi).subarray(0, 3), [
      { do: "send", cut: "whole", bytes: () => frames(hi).subarray(3) },
      ...get(hi),
      ...TALK,
    ]),
    row("a message, all byte by byte,", frames(hi), [...get(hi), ...TALK], { cut: "bytes" }),
    row("a message and a Close", frames(hi, close), [...get(hi, close), { do: "ended" }]),
    row("a Close", frames(close), [...get(close), { do: "ended" }]),
    row("a bad frame", Uint8Array.of(0xc1, 0x00), [{ do: "fail", status: 1002 }, { do: "ended" }], {
      outcome: "1002 unclean ERR_PROTOCOL",
    }),
    row("a message, cut within the head and the frame,", frames(hi), [...get(hi), ...TALK], { cut: { at: [20, -2] } }),
    row("a message and FIN", frames(hi), [{ do: "end" }, ...get(hi), { do: "ended" }], {
      outcome: "1006 unclean ERR_NETWORK",
    }),
  ];
}

function hostile(): Case[] {
  const bad = (name: string, changes: Fields): Case => refused(name, answer(changes), "ERR_HANDSHAKE 101");
  const status = (code: number, reason: string): Case =>
    refused(`status ${code}`, `HTTP/1.1 ${code} ${reason}\r\nContent-Length: 5\r\n\r\nsorry`, `ERR_HANDSHAKE ${code}`);
  const ended = { steps: [{ do: "end" }, { do: "ended" }] } satisfies Options;
  const late = { profile: "limits", steps: [{ do: "ended", withinMs: HANDSHAKE_TIMEOUT_MS }] } satisfies Options;
  return [
    ...[
      [200, "OK"],
      [204, "No Content"],
      [301, "Moved"],
      [400, "Bad Request"],
      [401, "Unauthorized"],
      [403, "Forbidden"],
      [404, "Not Found"],
      [426, "Upgrade Required"],
      [429, "Too Many"],
      [500, "Oops"],
      [503, "Busy"],
      [999, "Odd"],
    ].map(([code, reason]) => status(Number(code), String(reason))),
    refused(
      "a refusal without a length that ends with FIN",
      "HTTP/1.1 403 Forbidden\r\n\r\nno",
      "ERR_HANDSHAKE 403",
      ended,
    ),
    refused(
      "a refusal without a length that does not end",
      "HTTP/1.1 403 Forbidden\r\n\r\nno",
      "ERR_HANDSHAKE 403",
      late,
    ),
    refused(
      "a refusal with a body of 100,000 bytes",
      `HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n${"x".repeat(2_000)}`,
      "ERR_HANDSHAKE 500",
    ),
    refused("an upgrade in HTTP/1.0", answer({}, "HTTP/1.0 101 Switching"), "ERR_HANDSHAKE 101"),
    ...[
      "HTTP/2 101 Switching",
      "HTTP/1.1 1010 Switching",
      "HTTP/1.1 101x",
      "HTTP/1.1  101 Switching",
      "HTTP/1.1",
      "http/1.1 101 Switching",
      "ICY 200 OK",
      "HTTP/1.1 001 Odd",
      "101 Switching",
    ].map((line) => refused(`the status line ${JSON.stringify(line)}`, answer({}, line), "ERR_HANDSHAKE 0")),
    refused("a status line with a control character", answer({}, "HTTP/1.1 101 S\0"), "ERR_HANDSHAKE 0"),
    bad("no accept value", { "Sec-WebSocket-Accept": undefined }),
    ...["", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "AAAA", "accept"].map((value) =>
      bad(`the accept value ${JSON.stringify(value)}`, { "Sec-WebSocket-Accept": value }),
    ),
    refused("the right accept value and a letter", answer({ "Sec-WebSocket-Accept": "ACCEPTx" }), "ERR_HANDSHAKE 101"),
    refused(
      "the accept value twice",
      answer({ "Sec-WebSocket-Accept": "ACCEPT\r\nSec-WebSocket-Accept: ACCEPT" }),
      "ERR_HANDSHAKE 101",
    ),
    bad("no Upgrade", { Upgrade: undefined }),
    ...["", "h2c", "websockets", "websocket, h2c"].map((value) =>
      bad(`Upgrade: ${JSON.stringify(value)}`, { Upgrade: value }),
    ),
    bad("no Connection", { Connection: undefined }),
    ...["", "close", "keep-alive", "Upgrades"].map((value) =>
      bad(`Connection: ${JSON.stringify(value)}`, { Connection: value }),
    ),
    ...["permessage-deflate", "x-foo; a=b", "permessage-deflate, x-foo"].map((value) =>
      bad(`the extension ${value}`, { "Sec-WebSocket-Extensions": value }),
    ),
    bad("a subprotocol though none was offered", { "Sec-WebSocket-Protocol": "chat" }),
    ...["soap", "CHAT", "chat, chat.v2", ""].map((value) =>
      refused(
        `the subprotocol ${JSON.stringify(value)}, which was not offered`,
        answer({ "Sec-WebSocket-Protocol": value }),
        "ERR_HANDSHAKE 101",
        { profile: "names" },
      ),
    ),
    ...["no colon", "Na me: x", "Name : x", ": x", " folded: x", "X: a\0b", "X: a\rb", "X: a\nb"].map((line) =>
      refused(
        `the field ${JSON.stringify(line)}`,
        answer().replace("\r\n\r\n", `\r\n${line}\r\n\r\n`),
        "ERR_HANDSHAKE 101",
      ),
    ),
    refused("a head that is a byte too large", answerOfSize(MAX_HEAD_BYTES + 1), "ERR_HANDSHAKE 101"),
    refused("a head without an end, 64 KiB", answer({ "X-Fill": "x".repeat(65_536) }), "ERR_HANDSHAKE 101"),
    refused("no answer", "", "ERR_TIMEOUT", late),
    refused("half of an answer, and then nothing", answer().slice(0, 40), "ERR_TIMEOUT", late),
    refused("FIN instead of an answer", "", "ERR_NETWORK", ended),
    refused("RST instead of an answer", "", "ERR_NETWORK", { steps: [{ do: "reset" }] }),
    refused("garbage and FIN", "\x00\x01\x02\xff", "ERR_HANDSHAKE 0", ended),
  ];
}

/** An answer that is cut off at each byte: by FIN, by RST, in turn. */
function losses(): Case[] {
  const head = answer();
  return Array.from(head, (_, at): Case => {
    const how = at % 2 === 0 ? "end" : "reset";
    const end: readonly Step[] = how === "end" ? [{ do: how }, { do: "ended" }] : [{ do: how }];
    const name = `${how === "end" ? "FIN" : "RST"} at byte ${at} of the answer`;
    return made("loss at every byte of the handshake", name, head.slice(0, at), {
      steps: end,
      outcome: "1006 unclean ERR_NETWORK",
    });
  });
}

export function clientHandshakeCases(): Case[] {
  return [...valid(), ...early(), ...hostile(), ...losses()];
}
