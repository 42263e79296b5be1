/**
 * What the wrong uses in mistakes.ts are told, as one reads it: mistakes.md is that list. A message says what happened, what
 * is allowed and, where that is not plain, what to change. `WRITE=1 npx jest tests/mistakes` writes the list anew: read it
 * then, as prose.
 */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { WebSocketError } from "xs-websockets/client";
import { parse } from "../project/sources.js";
import { beginAll, endAll, listMistakes } from "./mistakes.js";

const FILE = path.join(__dirname, "mistakes.md");

/** The wrong uses as they are written, with the headings above them. */
function readSources(): { heading: string | undefined; code: string }[] {
  const found: { heading: string | undefined; code: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === "MISTAKES" && node.initializer !== undefined)
      for (const element of (node.initializer as ts.ArrayLiteralExpression).elements) {
        const { body } = element as ts.ArrowFunction;
        const comments = element.getFullText().slice(0, element.getLeadingTriviaWidth());
        const heading = /\/\/ (.*)/.exec(comments)?.[1];
        found.push({
          heading,
          code: plain(ts.isBlock(body) ? body.statements.map((s) => s.getText()).join(" ") : body.getText()),
        });
      }
    node.forEachChild(visit);
  };
  visit(parse("tests/mistakes/mistakes.ts"));
  return found;
}

/** On one line, and without what only the compiler needs. */
function plain(code: string): string {
  const line = code.replace(/\s+/g, " ");
  for (let at = line.indexOf("js("); at >= 0; at = -1) {
    let depth = 0;
    for (let to = at + 2; to < line.length; to++) {
      depth += line[to] === "(" ? 1 : line[to] === ")" ? -1 : 0;
      if (depth === 0) return line.slice(0, at) + line.slice(at + 3, to) + line.slice(to + 1);
    }
  }
  return line;
}

async function messageOf(mistake: () => unknown): Promise<string> {
  try {
    await mistake();
  } catch (error) {
    // What is thrown is of the library's tree: a program can tell it from other exceptions.
    expect(error).toBeInstanceOf(WebSocketError);
    const { name, message } = error as WebSocketError;
    // A port that the system chose is another one each time.
    return `${name}: ${message.replace(/port \d{4,}/, "port 8080")}`;
  }
  throw new Error(`Nothing was thrown by ${String(mistake)}`);
}

test("every wrong use is told as mistakes.md has it", async () => {
  const sources = readSources();
  const mistakes = listMistakes();
  expect(sources.length).toBe(mistakes.length);
  await beginAll();
  const lines = ["# What wrong uses are told"];
  for (const [at, mistake] of mistakes.entries()) {
    const { heading, code } = sources[at] ?? { heading: undefined, code: "" };
    if (heading !== undefined) lines.push("", `## ${heading}`);
    lines.push("", "```text", code, "```", "", `> ${await messageOf(mistake)}`);
  }
  await endAll();
  const text = `${lines.join("\n")}\n`;
  if (process.env["WRITE"] === "1") writeFileSync(FILE, text);
  expect(text).toBe(readFileSync(FILE, "utf8"));
});
