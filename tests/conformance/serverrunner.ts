/** The runner as client of the tested servers. */

import { createHash } from "node:crypto";
import { connect } from "node:net";
import type { Case, Handshake } from "./case.js";
import { casesFor } from "./cases.js";
import { Peer, type Pace } from "./peer.js";
import type { Ports } from "./profiles.js";
import { inParallel, messageOf, type Result, runSteps } from "./script.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const PROPER = `GET / HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

/** Runs every case against the servers of `ports`, and in the end asks whether a client is left there. */
export async function runServerCases(
  ports: Ports,
  pace: Pace,
  cases = casesFor("server"),
  host = "127.0.0.1",
): Promise<Result[]> {
  const results: Result[] = [];
  await inParallel(cases, pace, async (row) => {
    results.push(await runCase(row, ports[row.profile] ?? 0, pace, host));
  });
  results.push(await runCase(lastCase(), ports.names ?? 0, pace, host));
  return results;
}

/** The accept value of a key (RFC 6455, 4.2.2), reckoned without the library. */
export function acceptFor(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

async function runCase(row: Case, port: number, pace: Pace, host: string): Promise<Result> {
  const socket = connect({ port, host, allowHalfOpen: true });
  const peer = new Peer(socket, false, pace);
  try {
    await shakeHands(row.handshake, peer, `${host}:${port}`);
    peer.compressAs(row.compression);
    await runSteps(row, peer);
    return { case: row, problem: undefined };
  } catch (error) {
    return { case: row, problem: messageOf(error) };
  } finally {
    peer.destroy();
  }
}

async function shakeHands(handshake: Handshake, peer: Peer, authority: string): Promise<void> {
  if (handshake.kind === "none" || handshake.kind === "answer") return;
  const {
    head,
    early = new Uint8Array(0),
    cut = "whole",
    status = 101,
    fields = {},
  } = handshake.kind === "request" ? handshake : { head: PROPER };
  const text = head.replaceAll("HOST", authority);
  await peer.send(Buffer.concat([Buffer.from(text, "latin1"), early]), cut);
  const answer = await peer.head();
  const found = fieldsOf(answer);
  const wanted = status === 101 ? { ...fields, ...upgradeFields(text) } : { connection: "close", ...fields };
  const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
  if (code !== String(status))
    throw new Error(`handshake: it answered ${answer.split("\r\n")[0] ?? ""}, wanted ${status}`);
  for (const [name, value] of Object.entries(wanted))
    if (found.get(name) !== value)
      throw new Error(`handshake: ${name} is ${String(found.get(name))}, wanted ${String(value)}`);
  // The body tells why.
  if (status !== 101 && !text.startsWith("HEAD")) await peer.skip(Number(found.get("content-length")));
}

function upgradeFields(request: string): Readonly<Record<string, string>> {
  const [, key = ""] = /^Sec-WebSocket-Key:[ \t]*(\S+)/im.exec(request) ?? [];
  return { upgrade: "websocket", connection: "Upgrade", "sec-websocket-accept": acceptFor(key) };
}

function fieldsOf(head: string): Map<string, string> {
  const lines = head.split("\r\n").slice(1);
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

/** No client is left but the one that asks. */
function lastCase(): Case {
  const count = (): Uint8Array => Buffer.from("!count");
  return {
    ...{ group: "close: races", name: "behind all of these cases no client is left", side: "server", profile: "names" },
    handshake: { kind: "proper" },
    steps: [
      { do: "silence", ms: 1_500 },
      { do: "send", cut: "whole", bytes: () => Buffer.concat([Buffer.from([0x81, 0x86, 0, 0, 0, 0]), count()]) },
      { do: "expect", frame: "text:31" },
    ],
  };
}
