/** Upgrade requests, valid and hostile, to a tested server; and what comes behind them. */

import { frame, joined, pattern, type FrameSpec } from "../../support/vectors.js";
import { type Case, type Cut, get, type Handshake, send, type Step } from "../case.js";
import { ALLOWED_ORIGIN, HANDSHAKE_TIMEOUT_MS, MAX_HEAD_BYTES, type Profile } from "../profiles.js";

type Fields = readonly (readonly [name: string, value: string])[];

/** The fields of a request; HOST becomes address and port of the server. */
const FIELDS: Fields = [
  ["Host", "HOST"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
];

/** A request with some fields changed; undefined leaves one out; new ones come last. */
export function request(changes: Readonly<Record<string, string | undefined>> = {}, line = "GET / HTTP/1.1"): string {
  const kept = FIELDS.flatMap(([name, value]) => {
    const changed = name in changes ? changes[name] : value;
    return changed === undefined ? [] : [`${name}: ${changed}\r\n`];
  });
  const added = Object.entries(changes).flatMap(([name, value]) =>
    FIELDS.some(([known]) => known === name) || value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `${line}\r\n${kept.join("")}${added.join("")}\r\n`;
}

/** HOST in capitals is replaced, so Host stays. */
function withUpperCaseNames(): string {
  return request().replace(/^(?!Host)[A-Za-z-]+(?=:)/gm, (name) => name.toUpperCase());
}

/** A request whose head has exactly so many bytes, when HOST stands for 15. */
function requestOfSize(size: number): string {
  const empty = request({ "X-Fill": "" }).replace("HOST", "127.0.0.1:12345");
  return request({ "X-Fill": "x".repeat(size - empty.length), Host: "127.0.0.1:12345" });
}

interface Options {
  readonly cut?: Cut;
  readonly early?: Uint8Array;
  readonly fields?: Readonly<Record<string, string | undefined>>;
  readonly profile?: Profile;
  readonly steps?: readonly Step[];
}

const TALK: readonly Step[] = [
  send([0x81, "6869"]),
  ...get([0x81, "6869"]),
  send([0x88, "03e8"]),
  ...get([0x88, "03e8"]),
  { do: "ended" },
];

function made(
  group: string,
  name: string,
  head: string,
  status: number,
  steps: readonly Step[],
  options: Options,
): Case {
  const { cut = "whole", early, fields, profile = "echo" } = options;
  const handshake: Handshake = {
    ...{ kind: "request", head, cut, status },
    ...(early === undefined ? {} : { early }),
    ...(fields === undefined ? {} : { fields }),
  };
  return { group, name, side: "server", profile, handshake, steps };
}

function accepted(name: string, head: string, options: Options = {}): Case {
  return made("handshake: valid", name, head, 101, options.steps ?? TALK, options);
}

function refused(name: string, head: string, status: number, options: Options = {}): Case {
  return made("handshake: hostile", name, head, status, [{ do: "ended" }], options);
}

function valid(): Case[] {
  const noName = { "sec-websocket-protocol": undefined };
  const names: Options = { profile: "names" };
  return [
    accepted("a plain request", request(), {
      fields: {
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-extensions": undefined,
        "sec-websocket-protocol": undefined,
      },
    }),
    accepted(
      "names of fields in lower case",
      request().replace(/^[A-Za-z-]+(?=:)/gm, (name) => name.toLowerCase()),
    ),
    accepted("names of fields in upper case", withUpperCaseNames()),
    ...["WebSocket", "WEBSOCKET", "h2c, websocket", "websocket, foo"].map((value) =>
      accepted(`Upgrade: ${value}`, request({ Upgrade: value })),
    ),
    ...["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,keep-alive", "keep-alive ,\tupgrade , x"].map((value) =>
      accepted(`Connection: ${JSON.stringify(value)}`, request({ Connection: value })),
    ),
    accepted(
      "two Connection fields",
      request().replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"),
    ),
    accepted("white space around values", request().replace(/: (.*)\r\n/g, ": \t $1 \t\r\n")),
    accepted("no white space before values", request().replace(/: /g, ":")),
    accepted("another key", request({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" })),
    accepted("a query", request({}, "GET /?a=b&c=/d HTTP/1.1")),
    accepted("an absolute target", request({}, "GET http://HOST/ HTTP/1.1")),
    accepted("an absolute target without a path", request({}, "GET http://HOST HTTP/1.1")),
    accepted("an absolute target with a query", request({}, "GET HTTP://HOST/?a=b HTTP/1.1")),
    accepted("fields in another order", request().replace(/(Host: .*\r\n)([^]*?)\r\n\r\n$/, "$2\r\n$1\r\n")),
    accepted("an Origin of the same host", request({ Origin: "http://HOST" })),
    accepted(
      "an Origin of the same host in other letters",
      request({ Host: "LocalHost:8080", Origin: "http://localhost:8080" }),
    ),
    accepted("an Origin with the default port", request({ Host: "a.example:80", Origin: "http://a.example" })),
    accepted("a foreign Origin that is allowed", request({ Origin: ALLOWED_ORIGIN }), names),
    accepted("no body: Content-Length 0", request({ "Content-Length": "0" })),
    accepted("unknown fields", request({ "X-One": "1", "X-Two": "", Cookie: "a=b; c=d", "User-Agent": "x (y; z)" })),
    accepted("bytes above 7f in a field", request({ "X-Name": "\u00fc\u00ff\u0080" })),
    accepted(
      "extensions are offered: none is chosen",
      request({ "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-foo" }),
      { fields: { "sec-websocket-extensions": undefined } },
    ),
    accepted(
      "subprotocols are offered to a server without: none is chosen",
      request({ "Sec-WebSocket-Protocol": "chat" }),
      { fields: noName },
    ),
    accepted("a subprotocol", request({ "Sec-WebSocket-Protocol": "chat" }), {
      ...names,
      fields: { "sec-websocket-protocol": "chat" },
    }),
    accepted("the server's favourite of two", request({ "Sec-WebSocket-Protocol": "chat, chat.v2" }), {
      ...names,
      fields: { "sec-websocket-protocol": "chat.v2" },
    }),
    accepted(
      "two fields of subprotocols",
      request({ "Sec-WebSocket-Protocol": "soap\r\nSec-WebSocket-Protocol: chat" }),
      { ...names, fields: { "sec-websocket-protocol": "chat" } },
    ),
    accepted("unknown subprotocols: none is chosen", request({ "Sec-WebSocket-Protocol": "soap, CHAT" }), {
      ...names,
      fields: noName,
    }),
    accepted("no subprotocol", request(), { ...names, fields: noName }),
    accepted(`a head of ${MAX_HEAD_BYTES} bytes`, requestOfSize(MAX_HEAD_BYTES)),
    accepted("a field of 3,000 bytes that nobody asked for", request({ Cookie: "x".repeat(3_000) })),
    accepted("HTTP/1.2, which is to be read as HTTP/1.1", request({}, "GET / HTTP/1.2")),
    accepted(
      "a foreign port of the Origin, and a Host without",
      request({ Host: "a.example", Origin: "https://a.example:8443" }),
    ),
    accepted("line ends of LF alone", request().replaceAll("\r\n", "\n")),
    accepted("an empty line before the request", `\r\n${request()}`),
    accepted("byte by byte", request(), { cut: "bytes" }),
    ...[1, 4, 15, 16, 100].map((at) => accepted(`cut at ${at}`, request(), { cut: { at: [at] } })),
    accepted("in segments of 7 bytes", request(), { cut: { every: 7 } }),
    ...[1, 2, 3].map((back) => accepted(`cut ${back} bytes before its end`, request(), { cut: { at: [-back] } })),
  ];
}

function early(): Case[] {
  const frames = (...specs: readonly FrameSpec[]): Uint8Array =>
    joined(specs.map(([first, payload]) => frame(first, payload as Uint8Array, true)));
  const hi: FrameSpec = [0x81, Uint8Array.of(0x68, 0x69)];
  const big: FrameSpec = [0x82, pattern(3_000)];
  const close: FrameSpec = [0x88, Uint8Array.of(3, 232)];
  const row = (name: string, bytes: Uint8Array, steps: readonly Step[], cut: Cut = "whole"): Case =>
    accepted(`${name} behind the head`, request(), { early: bytes, steps, cut });
  return [
    row("a message", frames(hi), [...get(hi), ...TALK]),
    row("three messages", frames(hi, hi, big), [...get(hi, hi, big), ...TALK]),
    row("half of a message", frames(hi).subarray(0, 7), [
      { do: "send", cut: "whole", bytes: () => frames(hi).subarray(7) },
      ...get(hi),
      ...TALK,
    ]),
    row("a message, all byte by byte,", frames(hi), [...get(hi), ...TALK], { every: 1 }),
    row("a message and a Close", frames(hi, close), [...get(hi, close), { do: "ended" }]),
    row("a bad frame", Uint8Array.of(0xc1, 0x80), [{ do: "fail", status: 1002 }, { do: "ended" }]),
    row("a message, cut within the head and the frame,", frames(hi), [...get(hi), ...TALK], { at: [20, -4] }),
  ];
}

function hostile(): Case[] {
  const key = (value: string | undefined): string => request({ "Sec-WebSocket-Key": value });
  const slow = { profile: "limits", steps: [{ do: "ended", withinMs: HANDSHAKE_TIMEOUT_MS }] } satisfies Options;
  const many = Array.from({ length: 400 }, (_, at) => `X-${at}: ${at}`).join("\r\n");
  return [
    ...["POST", "PUT", "HEAD", "OPTIONS", "DELETE", "get"].map((method) =>
      refused(`the method ${method}`, request({}, `${method} / HTTP/1.1`), 405),
    ),
    ...["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.10", "HTTP/11", "http/1.1", ""].map((version) =>
      refused(`the version ${JSON.stringify(version)}`, request({}, `GET / ${version}`), 400),
    ),
    ...[
      "GET  / HTTP/1.1",
      " GET / HTTP/1.1",
      "GET / HTTP/1.1 ",
      "GET /a b HTTP/1.1",
      "GET HTTP/1.1",
      "GET",
      "/ HTTP/1.1",
      "G@T / HTTP/1.1",
      "GET /#a HTTP/1.1",
      "GET chat HTTP/1.1",
      "GET /\x01 HTTP/1.1",
      "GET /\x9b HTTP/1.1",
      "GET /\u00fc HTTP/1.1",
      "",
      "\u0080",
    ].map((line) => refused(`the request line ${JSON.stringify(line)}`, request({}, line), 400)),
    ...["/chat", "//", "/%2f", "/.."].map((path) =>
      refused(`the path ${path}`, request({}, `GET ${path} HTTP/1.1`), 404),
    ),
    refused("no Host", request({ Host: undefined }), 400),
    refused("two Host fields", request({ Host: "a\r\nHost: b" }), 400),
    refused("no Upgrade", request({ Upgrade: undefined }), 400),
    ...["web socket", "websocket/13", "websockets", "h2c", ""].map((value) =>
      refused(`Upgrade: ${JSON.stringify(value)}`, request({ Upgrade: value }), 400),
    ),
    refused("no Connection", request({ Connection: undefined }), 400),
    ...["close", "keep-alive", "Upgrade2", "not upgrade", ""].map((value) =>
      refused(`Connection: ${JSON.stringify(value)}`, request({ Connection: value }), 400),
    ),
    ...[undefined, "8", "0", "12", "14", "13, 8", "013", "13.0", "", "x"].map((version) =>
      refused(
        `the version of WebSocket ${JSON.stringify(version)}`,
        request({ "Sec-WebSocket-Version": version }),
        426,
        { fields: { "sec-websocket-version": "13", upgrade: "websocket", connection: "Upgrade, close" } },
      ),
    ),
    refused("two versions of WebSocket", request({ "Sec-WebSocket-Version": "13\r\nSec-WebSocket-Version: 8" }), 400),
    ...[
      undefined,
      "",
      "AAAA",
      "dGhlIHNhbXBsZSBub25jZQ",
      "dGhlIHNhbXBsZSBub25jZQ=",
      "dGhlIHNhbXBsZSBub25jZQ===",
      "dGhlIHNhbXBsZSBub25jZQ==x",
      "dGhlIHNhbXBsZSBub25j!Q==",
      "dGhlIHNhbXBsZSBub25jZTE=",
      "dGhl IHNhbXBsZSBub25jZQ==",
    ].map((value) => refused(`the key ${JSON.stringify(value)}`, key(value), 400)),
    refused("two keys", key("dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), 400),
    ...[
      "http://evil.example",
      "null",
      "https://127.0.0.1",
      "http://HOST.evil.example",
      "http://evil.example/HOST",
      "http://HOST://evil.example",
      "http://HOST/",
      "HOST",
      "",
      ALLOWED_ORIGIN,
    ].map((origin) => refused(`the Origin ${JSON.stringify(origin)}`, request({ Origin: origin }), 403)),
    refused("two Origin fields", request({ Origin: "http://HOST\r\nOrigin: http://evil.example" }), 400),
    ...[`${ALLOWED_ORIGIN}.evil.example`, `${ALLOWED_ORIGIN}:8443`, "http://friend.example"].map((origin) =>
      refused(`the Origin ${origin}, like one that is allowed`, request({ Origin: origin }), 403, { profile: "names" }),
    ),
    refused("a body", request({ "Content-Length": "5" }), 400, { early: pattern(5) }),
    refused("a body in chunks", request({ "Transfer-Encoding": "chunked" }), 400, { early: pattern(9) }),
    ...[
      "no colon",
      "Na me: x",
      "Name : x",
      ": x",
      " folded: x",
      "\tfolded: x",
      "N\u00e4me: x",
      "N(me): x",
      "X: a\0b",
      "X: a\rb",
      "X: a\x7fb",
      "X: a\nb",
      "X: \x1b[2J",
    ].map((line) =>
      refused(`the field ${JSON.stringify(line)}`, request().replace("\r\n\r\n", `\r\n${line}\r\n\r\n`), 400),
    ),
    refused("a folded field", request({ "X-Long": "a\r\n b" }), 400),
    refused("a head that is a byte too large", requestOfSize(MAX_HEAD_BYTES + 1), 431),
    refused("a head without an end, 64 KiB", request({ "X-Fill": "x".repeat(65_536) }), 431),
    refused("400 fields", request().replace("\r\n\r\n", `\r\n${many}\r\n\r\n`), 431),
    refused("a request line of 10,000 bytes", request({}, `GET /${"a".repeat(10_000)} HTTP/1.1`), 414),
    refused("line ends of CR alone", request().replaceAll("\r\n", "\r"), 408, slow),
    refused("a TLS greeting", "\x16\x03\x01\x00\x05hello", 408, slow),
    refused("a head that stops before its end", request().slice(0, -2), 408, slow),
    refused("nothing at all", "", 408, slow),
    refused("a second request behind a refused one is not answered", request({ Host: undefined }) + request(), 400),
  ];
}

/** A request that is cut off at each byte: by FIN, by RST, in turn. */
function losses(): Case[] {
  const head = request();
  return Array.from(head, (_, at): Case => {
    const how = at % 2 === 0 ? "end" : "reset";
    const sent: Step = { do: "send", cut: "whole", bytes: () => new TextEncoder().encode(head.slice(0, at)) };
    const end: readonly Step[] = how === "end" ? [{ do: how }, { do: "ended" }] : [{ do: how }];
    return {
      ...{ group: "loss at every byte of the handshake", side: "server", profile: "echo" },
      name: `${how === "end" ? "FIN" : "RST"} at byte ${at} of the request`,
      handshake: { kind: "none" },
      steps: [...(at === 0 ? [] : [sent]), ...end],
    };
  });
}

export function serverHandshakeCases(): Case[] {
  return [...valid(), ...early(), ...hostile(), ...losses()];
}
