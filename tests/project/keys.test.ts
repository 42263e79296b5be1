/**
 * XS keeps each name of a property for as long as the program runs, a name that is only looked for as well as one that is
 * set: an object that is keyed by what a peer sends fills the memory for good. A Map has no names of properties.
 */

import path from "node:path";
import ts from "typescript";
import { listSources, PROJECT, readJson } from "./sources.js";

const PLACES = ["modules", "hosts/moddable"];

/** Objects that are keyed by texts all the same: how the places begin, each where the texts are the program's own. */
const KEYED_BY_THE_PROGRAM: readonly string[] = [
  // The names of options.
  "modules/common/options.ts: ",
  "modules/server/options.ts: ",
  "modules/signalr/link/limits.ts: ",
  // The members of the browser's class, and its globals.
  "modules/whatwg.ts: Object.defineProperty(",
  "hosts/moddable/dom.ts: ",
];

/** Calls that make properties of texts. JSON.parse is bounded by modules/signalr/wire/limits.ts. */
const CALLS = new Set([
  "Object.fromEntries",
  "Object.defineProperty",
  "Object.groupBy",
  "Object.hasOwn",
  "Reflect.has",
  "Reflect.get",
  "Reflect.set",
]);

function createProgram(files: readonly string[]): ts.Program {
  const { compilerOptions } = readJson("tsconfig.json") as { compilerOptions: Record<string, unknown> };
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, PROJECT);
  return ts.createProgram(
    files.map((file) => path.join(PROJECT, file)),
    options,
  );
}

/** Whether a type has texts that are not known when the program is written. */
function isAnyText(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(isAnyText);
  return (type.flags & (ts.TypeFlags.String | ts.TypeFlags.TemplateLiteral | ts.TypeFlags.Any)) !== 0;
}

/** The texts of expressions that make a name of a property of any text. */
function keyedObjects(file: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = [];
  const isKeyed = (node: ts.Node): boolean => {
    if (ts.isElementAccessExpression(node)) return isAnyText(checker.getTypeAtLocation(node.argumentExpression));
    if (ts.isComputedPropertyName(node)) return isAnyText(checker.getTypeAtLocation(node.expression));
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword)
      return isAnyText(checker.getTypeAtLocation(node.left));
    return ts.isCallExpression(node) && CALLS.has(node.expression.getText());
  };
  const visit = (node: ts.Node): void => {
    if (isKeyed(node)) found.push(node.getText().replace(/\s+/g, " "));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test("what runs on XS keys no object by a text, but those of the program", () => {
  const names = PLACES.flatMap(listSources).filter((name) => !name.endsWith(".d.ts"));
  const program = createProgram(names);
  const checker = program.getTypeChecker();
  const found = names.flatMap((name) => {
    const file = program.getSourceFile(path.join(PROJECT, name));
    return file === undefined ? [] : keyedObjects(file, checker).map((text) => `${name}: ${text}`);
  });
  expect(found.filter((place) => !KEYED_BY_THE_PROGRAM.some((start) => place.startsWith(start)))).toEqual([]);
  // What is gone is not to stay on the list.
  expect(KEYED_BY_THE_PROGRAM.filter((start) => !found.some((place) => place.startsWith(start)))).toEqual([]);
});
