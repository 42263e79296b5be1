/** The samples of the documentation compile, README.md stays short, and docs/errors.md has every code. */

import ts from "typescript";
import { codeBlocks, compileSamples, listPages } from "../support/documentation.js";
import { listSources, parse, readText } from "./sources.js";

/** The only name in the samples that is not imported: on Node.js it is console.log. */
const XS_GLOBALS = "declare function trace(...texts: string[]): void;";

/** Its samples have names from elsewhere: tests/signalr/docs.test.ts. */
const OTHERS = ["docs/signalr.md"];

const WITH_SAMPLES = listPages().filter(
  (page) => codeBlocks(readText(page), "ts").length > 0 && !OTHERS.includes(page),
);

test.each(WITH_SAMPLES)("the samples of %s compile", (page) =>
  expect(compileSamples(readText(page), XS_GLOBALS).mistakes).toEqual([]),
);

test("README.md can be read in a minute or two", () => {
  expect(readText("README.md").length).toBeLessThan(8_500);
});

/** The texts among the literals of a syntax tree that look like a code of an error. */
function codesIn(node: ts.Node): string[] {
  const found: string[] = [];
  const visit = (child: ts.Node): void => {
    const isPrefix = ts.isCallExpression(child.parent) && child.parent.expression.getText().endsWith("startsWith");
    if (ts.isStringLiteral(child) && !isPrefix && /^E[A-Z_]{2,}$/.test(child.text)) found.push(child.text);
    child.forEachChild(visit);
  };
  node.forEachChild(visit);
  return found;
}

/** What sockets may fail with: the type that every host has to keep to. */
function networkCodes(): string[] {
  const type = parse("hosts/contract.ts")
    .statements.filter(ts.isTypeAliasDeclaration)
    .find(({ name }) => name.text === "NetworkErrorCode");
  return type === undefined ? [] : codesIn(type);
}

test("docs/errors.md has every code of an error, and no other", () => {
  const own = listSources("modules").flatMap((name) => codesIn(parse(name)));
  const codes = new Set([...own, ...networkCodes()]);
  expect(codes.size).toBeGreaterThan(25);
  const rows = [...readText("docs/errors.md").matchAll(/^\| `(E[A-Z_]+)` +\|/gm)].map(([, code = ""]) => code);
  expect(rows.sort()).toEqual([...codes].sort());
});
