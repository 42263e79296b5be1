/** An answer in words, for the messages of errors. */

import { createUtf8Decoder } from "#platform";
import { decodeLatin1 } from "../common/text.js";
import type { HttpAnswer } from "./answer.js";

const MAX_REASON_CHARACTERS = 40;
const MAX_FIELD_CHARACTERS = 100;
const MAX_FIELDS_CHARACTERS = 300;
const MAX_BODY_CHARACTERS = 200;

/** Fields that do not say why, and one that is secret. */
const UNTOLD: readonly string[] = Object.freeze([
  "cache-control",
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "set-cookie",
  "transfer-encoding",
]);

/** A body as text: UTF-8, perhaps cut within a character; else octets. */
export function textOf(body: Uint8Array): string {
  try {
    return createUtf8Decoder().decode(body, false);
  } catch {
    return decodeLatin1(body);
  }
}

/** "404 Not Found". */
export function describeStatus({ statusCode, reason }: HttpAnswer): string {
  return `${statusCode} ${oneLine(reason, MAX_REASON_CHARACTERS)}`.trim();
}

/** " Headers: … Body: …", as far as there are any: one line. */
export function describeContent({ headers }: HttpAnswer, body: string): string {
  const fields = headers
    .keys()
    .filter((name) => !UNTOLD.includes(name))
    .map((name) => `${name}: ${oneLine(headers.get(name) ?? "", MAX_FIELD_CHARACTERS)}`);
  const fieldsLine = oneLine(fields.join("; "), MAX_FIELDS_CHARACTERS);
  const bodyLine = oneLine(body, MAX_BODY_CHARACTERS);
  return `${fieldsLine === "" ? "" : ` Headers: ${fieldsLine}.`}${bodyLine === "" ? "" : ` Body: ${bodyLine}`}`;
}

/** The start of a text in one line, without control characters. */
function oneLine(text: string, maxCharacters: number): string {
  let line = "";
  for (const character of text) {
    const code = character.charCodeAt(0);
    const isSpace = code <= 32 || (code >= 127 && code <= 160) || code === 0x2028 || code === 0x2029;
    if (!isSpace) line += character;
    else if (line !== "" && !line.endsWith(" ")) line += " ";
    if (line.length >= maxCharacters) return `${line}…`;
  }
  return line.trim();
}
