/** Properties that hold for all values. FUZZ_SEED tries others; fast-check prints the smallest counterexample. */

import fc from "fast-check";
import { TextAssembly } from "../../modules/protocol/assembly.js";
import { encodeCloseBody, parseCloseBody } from "../../modules/protocol/closing.js";
import { formatRequest } from "../../modules/http/request.js";
import { upgradeFields } from "../../modules/handshake/client.js";
import { Opcode, Role } from "../../modules/common/constants.js";
import { OptionError } from "../../modules/common/errors.js";
import { encodeMessage } from "../../modules/protocol/framewriter.js";
import { checkUpgradeRequest } from "../../modules/handshake/key.js";
import { isFieldValue, isToken } from "../../modules/common/text.js";
import { CONNECTION_DEFAULTS } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { parseWebSocketUri } from "../../modules/common/uri.js";
import { createRequestReader } from "../support/requestreader.js";
import { describeBytes, describeText, joined } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";
import { fuzzSettings } from "./random.js";

fc.configureGlobal({ seed: fuzzSettings(0).seed });

const SETTINGS = { ...CONNECTION_DEFAULTS, maxMessageBytes: 100_000 };
const messages = fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 300 })), {
  maxLength: 6,
});
const sizes = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 20 });

/** Cuts bytes into chunks of these sizes, over and over; the rest comes whole where all are 0. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const total = lengths.reduce((sum, length) => sum + length, 0);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = total === 0 ? bytes.length : (lengths[turn % lengths.length] ?? 1);
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

function eventsOf(role: Role, chunks: readonly Uint8Array[]): string[] {
  const owner = new RecordingOwner();
  const protocol = new Protocol(role, SETTINGS, owner, owner, 0);
  for (const chunk of chunks) protocol.receive(chunk, 0);
  return [...owner.events, String(protocol.outcome.status)];
}

test("messages that are sent in any fragments come whole, in any chunks, in both directions", () => {
  fc.assert(
    fc.property(
      messages,
      fc.integer({ min: 0, max: 200 }),
      sizes,
      fc.boolean(),
      (sent, fragmentSize, lengths, isClient) => {
        const frames = sent.flatMap((message) =>
          typeof message === "string"
            ? encodeMessage(
                isClient ? Role.Client : Role.Server,
                Opcode.Text,
                new TextEncoder().encode(message),
                fragmentSize,
              )
            : encodeMessage(isClient ? Role.Client : Role.Server, Opcode.Binary, message, fragmentSize),
        );
        const wanted = sent.map((message) =>
          typeof message === "string" ? `text:${describeText(message)}` : `binary:${describeBytes(message)}`,
        );
        const found = eventsOf(isClient ? Role.Server : Role.Client, cut(joined(frames), lengths));
        expect(found).toEqual([...wanted, "1006"]);
      },
    ),
    { numRuns: 500 },
  );
});

test("any bytes are read without an exception, and the same in any chunks", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      sizes,
      fc.constantFrom(Role.Client, Role.Server),
      (bytes, lengths, role) => {
        expect(eventsOf(role, cut(bytes, lengths))).toEqual(eventsOf(role, [bytes.slice()]));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a text in any pieces is what it is whole", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), sizes, (text, lengths) => {
      const assembly = new TextAssembly();
      for (const piece of cut(new TextEncoder().encode(text), lengths)) assembly.append(piece, false);
      assembly.append(new Uint8Array(0), true);
      expect(assembly.take()).toBe(text);
    }),
    { numRuns: 1_000 },
  );
});

test("a Close frame says what it was given, or cannot be made", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1, max: 70_000 }),
      fc.string({ unit: "grapheme", maxLength: 130 }),
      (status, reason) => {
        let body: Uint8Array;
        try {
          body = encodeCloseBody(status, reason);
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
          return;
        }
        expect(body.length).toBeLessThanOrEqual(125);
        expect(parseCloseBody(body)).toEqual({ status, description: reason });
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a request with any header fields that are allowed is read as it was meant", () => {
  const name = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 })
    .filter((text) => isToken(text) && !RESERVED.test(text));
  const value = fc.string({ unit: "grapheme-ascii", maxLength: 40 }).filter(isFieldValue);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, value), { maxLength: 5, selector: ([key]) => key.toLowerCase() }),
      sizes,
      (fields, lengths) => {
        const key = "dGhlIHNhbXBsZSBub25jZQ==";
        const uri = parseWebSocketUri("ws://host.example:81/a?b=c");
        const request = new TextEncoder().encode(formatRequest("GET", uri, upgradeFields(key, ["chat"]), fields));
        const reader = createRequestReader();
        const rests = cut(request, lengths).map((chunk) => reader.read(chunk)?.length);
        expect(rests.filter((rest) => rest !== undefined)).toEqual([0]);
        const { headers, startLine } = reader.head;
        expect(startLine).toBe("GET /a?b=c HTTP/1.1");
        expect(checkUpgradeRequest("GET", headers)).toBe(key);
        for (const [field, text] of fields) expect(headers.get(field)).toBe(text.trim());
      },
    ),
    { numRuns: 500 },
  );
});

const RESERVED = /^(connection|content-length|host|origin|sec-websocket-.*|transfer-encoding|upgrade)$/i;

test("no URI puts a line end or a space into the request", () => {
  const parts = fc.constantFrom(
    "ws://",
    "wss://",
    "WS:",
    "//",
    "host",
    ":80",
    "/",
    "?",
    "#",
    "%0d%0a",
    "\r\n",
    " ",
    "@",
    "[::1]",
    "\u00e4",
    "..",
    "a",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.array(parts).map((texts) => texts.join("")),
      ),
      (text) => {
        try {
          const { resourceName, hostHeader } = parseWebSocketUri(text);
          expect(`${resourceName}${hostHeader}`).toMatch(/^[\x21-\x7e]+$/);
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
