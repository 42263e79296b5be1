/** What a server can answer instead of a 101: each is one typed error, and nothing stays open. */

import { HandshakeError, TimeoutError, type HandshakeAnswer } from "../../modules/client.js";
import { refused, refusedAtOnce, SOON_MS } from "./refused.js";
import type { RawPeer } from "../support/rawpeer.js";
import { RawServer } from "../support/rawserver.js";
import { headOf, upgradeAnswer } from "../support/upgrades.js";
import { letTimePass } from "../support/waiting.js";

let server: RawServer;

function answerOf(error: unknown): HandshakeAnswer | undefined {
  return error instanceof HandshakeError ? error.answer : undefined;
}

beforeAll(async () => {
  server = await RawServer.start();
});
afterAll(() => server.stop());

describe("an answer of another status", () => {
  test.each([
    [200, "OK"],
    [301, "Moved Permanently"],
    [302, "Found"],
    [307, "Temporary Redirect"],
    [400, "Bad Request"],
    [401, "Unauthorized"],
    [403, "Forbidden"],
    [404, "Not Found"],
    [407, "Proxy Authentication Required"],
    [426, "Upgrade Required"],
    [429, "Too Many Requests"],
    [500, "Internal Server Error"],
    [503, "Service Unavailable"],
    [599, ""],
  ])("%d %s is told with its headers and its body", async (statusCode, reason) => {
    const error = await refusedAtOnce(server, (peer) =>
      peer.send(
        headOf(`HTTP/1.1 ${statusCode} ${reason}`, {
          "Content-Length": "5",
          Location: "wss://example.org/other",
          "X-Twice": ["a", "b"],
        }),
        "no ws",
      ),
    );
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({
      code: "ERR_HANDSHAKE",
      statusCode,
      message:
        `The server answered ${`${statusCode} ${reason}`.trim()} instead of 101. ` +
        "Headers: location: wss://example.org/other; x-twice: a, b. Body: no ws",
      answer: { body: "no ws" },
    });
    expect([...(answerOf(error)?.headers ?? [])]).toEqual([
      ["content-length", "5"],
      ["location", "wss://example.org/other"],
      ["x-twice", "a, b"],
    ]);
  });

  test.each<[name: string, body: string, answer: (peer: RawPeer) => void]>([
    ["without a body", "", (peer) => peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")],
    ["without a reason", "", (peer) => peer.send("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n")],
    ["that has no body by its status", "", (peer) => peer.send("HTTP/1.1 204 No Content\r\n\r\n")],
    ["that is not modified", "", (peer) => peer.send("HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n")],
    [
      "whose body has no length and ends with the connection",
      "all of it",
      (peer) => peer.send("HTTP/1.1 500 Oops\r\n\r\n", "all of it").socket.end(),
    ],
    [
      "whose body is shorter than it says",
      "half",
      (peer) => peer.send("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n", "half").socket.end(),
    ],
    [
      "with a body in chunks, on a connection that stays",
      "in chunks",
      (peer) =>
        peer.send("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nin \r\n6;a=b\r\nchunks\r\n0\r\n\r\n"),
    ],
    [
      "with a body in chunks that has none",
      "",
      (peer) => peer.send("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
    [
      "with chunks that are none",
      "",
      (peer) => peer.send("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "x".repeat(600)),
    ],
    [
      "whose body comes byte by byte",
      "slow body",
      (peer) => {
        peer.send("HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n");
        Array.from("slow body").forEach((byte, at) => void letTimePass(5 * at).then(() => peer.send(byte)));
      },
    ],
    [
      "whose body is not text",
      "\u0000\u00ff",
      (peer) => peer.send("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n", Uint8Array.of(0, 255)),
    ],
    [
      "with a body that is huge",
      "x".repeat(512),
      (peer) => peer.send("HTTP/1.1 404 No\r\nContent-Length: 10000000\r\n\r\n", "x".repeat(1_000_000)),
    ],
    [
      "with a body without end",
      "x".repeat(512),
      (peer) => {
        peer.send("HTTP/1.1 404 No\r\n\r\n");
        peer.repeat(1, "x".repeat(50));
      },
    ],
  ])("%s is told at once", async (_name, body, answer) => {
    const error = await refusedAtOnce(server, (peer) => answer(peer));
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", answer: { body } });
  });

  test.each<[name: string, body: string, answer: (peer: RawPeer, request: string) => void]>([
    ["with a length that is none", "body", (peer) => peer.send("HTTP/1.1 500 Oops\r\nContent-Length: x\r\n\r\nbody")],
    ["whose body does not come", "", (peer) => peer.send("HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n")],
    ["half of whose body comes", "half", (peer) => peer.send("HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nhalf")],
    [
      "200 with all fields of a 101",
      "",
      (peer, request) => peer.send(upgradeAnswer(request).replace("101 Switching Protocols", "200 OK")),
    ],
    [
      "201 with all fields of a 101, and frames",
      "\u0081\u0001a",
      (peer, request) =>
        peer.send(upgradeAnswer(request).replace("101 Switching Protocols", "201 Created"), "\x81\x01a"),
    ],
    [
      "in chunks that do not end",
      "abc",
      (peer) => peer.send("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    ],
    ["whose head does not end", "", (peer) => peer.send("HTTP/1.1 401 No\r\nServer: a\r\n")],
  ])("%s is told soon, not at connectTimeout", async (_name, body, answer) => {
    const { error, durationMs } = await refused(server, answer);
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", answer: { body } });
    expect(durationMs).toBeLessThan(SOON_MS);
  });

  test("in chunks is told with its last one, whatever becomes of the trailer", async () => {
    const error = await refusedAtOnce(server, (peer) =>
      peer.send("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: a"),
    );
    expect(error).toMatchObject({ statusCode: 401, answer: { body: "abc" } });
  });

  test("is told in one short line, without secrets", async () => {
    const fields = `${"X-Long: y\r\n".repeat(40)}Set-Cookie: secret=1\r\nContent-Length: 400\r\n`;
    const body = `<html>\r\n\t<b>schön</b>\u2028\u0000${"z".repeat(400)}`;
    const { error } = await refused(server, (peer) =>
      peer.send(`HTTP/1.1 403 ${"r".repeat(200)}\r\n${fields}\r\n`, Buffer.from(body)),
    );
    expect(error.message).toMatch(/^The server answered 403 r{40}… instead of 101\. Headers: x-long: y, y/);
    expect(error.message).toMatch(/ Body: <html> <b>schön<\/b> z+…$/);
    expect(error.message.length).toBeLessThan(650);
    expect(error.message).not.toMatch(/secret|[\u0000-\u001f\u2028]/);
    expect(answerOf(error)?.headers.get("set-cookie")).toBe("secret=1");
  });

  test("whose body does not come is told at connectTimeout, not as a time-out", async () => {
    const { error } = await refused(
      server,
      (peer) => peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n", "start"),
      { connectTimeout: 200 },
    );
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", statusCode: 404, answer: { body: "start" } });
  });

  test("has headers that are only what the server sent", async () => {
    const { error } = await refused(server, (peer) =>
      peer.send("HTTP/1.1 404 No\r\n__proto__: a\r\nconstructor: b\r\nContent-Length: 0\r\n\r\n"),
    );
    expect([...(answerOf(error)?.headers ?? [])]).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["content-length", "0"],
    ]);
  });
});

describe("an answer that is not HTTP/1.1", () => {
  test.each<[name: string, answer: string]>([
    ["HTTP/2", "HTTP/2 101\r\n\r\n"],
    ["a protocol in small letters", "http/1.1 101 Switching Protocols\r\n\r\n"],
    ["no status", "HTTP/1.1\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 10 x\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 1010 x\r\n\r\n"],
    ["a status that begins with 0", "HTTP/1.1 001 x\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 1x1 x\r\n\r\n"],
    ["two spaces before the status", "HTTP/1.1  101 x\r\n\r\n"],
    ["an empty line first", "\r\nHTTP/1.1 101 x\r\n\r\n"],
    ["two empty lines", "\r\n\r\n\r\n\r\n"],
    ["a request", "GET / HTTP/1.1\r\n\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["the start line of a TLS alert", "\x15\x03\x01\x00\x02\x02\x46\r\n\r\n"],
    ["NUL in the reason", "HTTP/1.1 101 a\u0000b\r\n\r\n"],
  ])("%s is refused, and no status is made up", async (_name, answer) => {
    const { error } = await refused(server, (peer) => peer.send(answer));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", statusCode: 0, answer: undefined });
  });

  test.each<[name: string, answer: string]>([
    ["a header without colon", "HTTP/1.1 101 x\r\nUpgrade websocket\r\n\r\n"],
    ["a header with a space before its colon", "HTTP/1.1 101 x\r\nUpgrade : websocket\r\n\r\n"],
    ["a header without name", "HTTP/1.1 101 x\r\n: websocket\r\n\r\n"],
    ["a header with NUL", "HTTP/1.1 101 x\r\nUpgrade: web\u0000socket\r\n\r\n"],
    ["a header with a lone CR", "HTTP/1.1 101 x\r\nUpgrade: web\rsocket\r\n\r\n"],
  ])("%s is refused, with its status", async (_name, answer) => {
    for (const status of [101, 404]) {
      const { error } = await refused(server, (peer) => peer.send(answer.replace("101", String(status))));
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ code: "ERR_HANDSHAKE", statusCode: status });
    }
  });

  test.each<[name: string, answer: string]>([
    ["two lengths", "HTTP/1.1 404 x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    [
      "two versions (RFC 6455, 4.4)",
      "HTTP/1.1 404 x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n",
    ],
    ["a field of 5,000 bytes", `HTTP/1.1 404 x\r\nX-Long: ${"x".repeat(5_000)}\r\nContent-Length: 0\r\n\r\n`],
    ["a head that does not end", `HTTP/1.1 404 x\r\n${"X-Field: value\r\n".repeat(2_000)}`],
    ["a folded line", "HTTP/1.1 404 x\r\nX-Long: a\r\n b\r\nContent-Length: 0\r\n\r\n"],
    ["lines that end with LF alone", "HTTP/1.1 404 x\nContent-Length: 0\n\n"],
  ])("a refusal with %s has its status", async (_name, answer) => {
    const { error } = await refused(server, (peer) => peer.send(answer));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", statusCode: 404, answer: { body: "" } });
  });

  test("garbage is refused at its first byte", async () => {
    const { error, durationMs } = await refused(server, (peer) => peer.send(Uint8Array.of(128)));
    expect(error).toMatchObject({ statusCode: 0, message: "The server's answer cannot be read. It is not HTTP/1.1." });
    expect(durationMs).toBeLessThan(SOON_MS);
  });

  test("one line that does not end is cut off", async () => {
    const { error } = await refused(server, (peer) => peer.send(`HTTP/1.1 101 ${"x".repeat(17_000)}`));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ statusCode: 0, message: expect.stringContaining("HeadBytes") as string });
  });

  test("a 101 in HTTP/1.0 is refused, a refusal in it is told", async () => {
    const { error } = await refused(server, (peer, request) =>
      peer.send(upgradeAnswer(request).replace("HTTP/1.1", "HTTP/1.0")),
    );
    expect(error).toMatchObject({ statusCode: 101, message: expect.stringContaining("takes HTTP/1.1") as string });
    const { error: other } = await refused(server, (peer) => peer.send("HTTP/1.0 503 Busy\r\n\r\nlater").socket.end());
    expect(other).toMatchObject({ statusCode: 503, answer: { body: "later" } });
  });

  test("a head of exactly maxHeadBytes is read", async () => {
    const { error } = await refused(server, (peer) => peer.send(answerOfSize(16_384)));
    expect(error).toMatchObject({ statusCode: 404 });
  });

  test("silence in the middle of a head ends at connectTimeout", async () => {
    const { error } = await refused(server, (peer) => peer.send("HTTP/1.1 101 Switching Pro"), {
      connectTimeout: 150,
    });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({
      code: "ERR_TIMEOUT",
      message: expect.stringContaining("150 ms (connectTimeout)") as string,
    });
  });

  test("a head that comes byte by byte does not move connectTimeout", async () => {
    const { error } = await refused(server, (peer) => void peer.repeat(10, "H"), { connectTimeout: 150 });
    expect(error).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  function answerOfSize(bytes: number): string {
    const head = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-Long: ";
    return `${head}${"x".repeat(bytes - head.length - 4)}\r\n\r\n`;
  }
});
