/** Attacks on the TLS engine, in both roles, under sanitizers: each ends in time, as it should, and leaves no memory. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { describeIf } from "../support/describeif.js";
import { chainCases } from "../support/tlsattacks/chains.js";
import { flightCases } from "../support/tlsattacks/flights.js";
import { authority, leaf, type Made } from "../support/tlsattacks/making.js";
import { buildTlsProgram, findSanitizedMbedtls, tlsProgramNeeds } from "../support/tlsprogram.js";
import { LONG_MS } from "../support/building.js";

const mbedtls = findSanitizedMbedtls();
/** A desktop takes some milliseconds; sanitizers and a busy machine are slow. */
const LIMIT_MS = 20_000;
/** Chunks in which bytes come. */
const CHUNKS = [0, 1, 7];

/** A case for the program, and what is to come of it. */
interface Line {
  readonly title: string;
  readonly line: string;
  readonly expected: readonly string[];
}

let folder: string;
const files = new Map<Uint8Array, string>();

/** Writes a file, once. @returns its name */
function file(bytes: Uint8Array): string {
  const name = files.get(bytes) ?? `file${files.size}`;
  if (!files.has(bytes)) writeFileSync(path.join(folder, `${name}.der`), bytes);
  files.set(bytes, name);
  return name;
}

const fileOf = (list: readonly Made[]): string => list.map(({ der }) => file(der)).join(",");

async function chainLines(): Promise<Line[]> {
  return (await chainCases()).flatMap(({ title, chain, authorities, name, expected, isForServer }) =>
    (isForServer ? (["client", "server"] as const) : (["client"] as const)).flatMap((role) =>
      [2, 3].map((version): Line => {
        const [own] = chain;
        const key = file(own?.privateKey ?? new Uint8Array());
        // Of TLS 1.3 a message of several records is joined by bytes that come one by one, too.
        const line = `pair ${role} ${version} 0 ${name} ${key} ${fileOf(chain)} ${fileOf(authorities)}`;
        return { title: `${role}, TLS 1.${version}: ${title}`, line, expected };
      }),
    ),
  );
}

async function flightLines(root: Made, own: Made): Promise<Line[]> {
  return (await flightCases(root, own)).flatMap(({ title, role, bytes, expected, versions }) =>
    versions.flatMap((version) =>
      CHUNKS.map((chunk): Line => {
        const line = `feed ${role} ${version} ${chunk} ${file(bytes)} ${file(root.der)}`;
        const wanted = expected === "waiting" ? ["waiting"] : ["ETLSUNTRUSTED", "ETLSFAILED", "ETLSVERSION", "unshown"];
        return { title: `${role} up to TLS 1.${version}, by ${chunk}: ${title}`, line, expected: wanted };
      }),
    ),
  );
}

/** As hosts/moddable/tls/errors.ts has it. */
function outcomeOf(status: string, error: number, alert: number, flags: number): string {
  if (status !== "failed") return status;
  // The peer has no certificate that it would show.
  if (error === -0x7780 && alert === 40) return "unshown";
  if ((flags & ~0x0205) !== 0) return "ETLSUNTRUSTED";
  if ((flags & 0x0201) !== 0) return "ETLSEXPIRED";
  if (flags !== 0) return "ETLSHOSTNAME";
  return [-0x6e00, -0x6e80, -0x7380, -0x6000].includes(error) ? "ETLSVERSION" : "ETLSFAILED";
}

/** Runs all cases. @returns what is wrong */
async function runCases(program: string, lines: readonly Line[]): Promise<string[]> {
  const child = spawn(program, [], { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(lines.map(({ line }) => `${line}\n`).join(""));
  const wrong: string[] = [];
  let count = 0;
  let left = 0;
  let slowest = 0;
  for await (const answer of createInterface({ input: child.stdout })) {
    const [status = "", error = "", told = "", flags = "", ms = "", bytes = ""] = answer.split(" ");
    const { title, expected } = lines[count++] ?? { title: "", expected: [""] };
    const outcome = outcomeOf(status, Number(error), Number(told), Number(flags));
    if (!expected.includes(outcome)) wrong.push(`${title}: ${outcome} (${answer}), not ${expected.join(" or ")}`);
    if (Number(ms) > LIMIT_MS) wrong.push(`${title}: takes ${ms} ms`);
    slowest = Math.max(slowest, Number(ms));
    // mbedTLS and the C library keep what they have made at first.
    if (count > lines.length / 2) left += Number(bytes);
  }
  if (count !== lines.length) wrong.push(`ends at "${lines[count]?.title ?? ""}" (${lines[count]?.line ?? ""})`);
  if (left !== 0) wrong.push(`${left} bytes are left`);
  if (stderr !== "") wrong.push(stderr);
  console.info(`${count} cases, the slowest takes ${slowest} ms`);
  return wrong;
}

describeIf(mbedtls !== undefined, tlsProgramNeeds, "attacks on the TLS engine, under sanitizers", () => {
  let program = "";
  let root: Made;
  let own: Made;

  beforeAll(async () => {
    if (mbedtls === undefined) return;
    program = buildTlsProgram(mbedtls, "attacks");
    folder = mkdtempSync(path.join(tmpdir(), "attacks-"));
    root = await authority("an authority");
    own = await leaf(root);
    writeFileSync(path.join(folder, "own.der"), own.der);
    writeFileSync(path.join(folder, "own-key.der"), own.privateKey);
  }, LONG_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(
    "chains of certificates, names, dates, constraints",
    async () => {
      expect(await runCases(program, await chainLines())).toEqual([]);
    },
    LONG_MS,
  );

  test(
    "bytes of somebody without keys",
    async () => {
      expect(await runCases(program, await flightLines(root, own))).toEqual([]);
    },
    LONG_MS,
  );
});
