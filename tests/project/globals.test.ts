/** modules/ is compiled without the types of Node.js and of browsers: whatever is used of them is then unknown. */

import path from "node:path";
import ts from "typescript";
import { listSources, parse, PROJECT, readJson } from "./sources.js";

/** Of ECMAScript itself, but the hosts' business: time and chance come by #platform. */
const FORBIDDEN_NAMES = new Set(["Date", "globalThis", "eval"]);

function createProgram(files: readonly string[]): ts.Program {
  const { compilerOptions } = readJson("tsconfig.json") as { compilerOptions: Record<string, unknown> };
  const { options, errors } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, types: [] }, PROJECT);
  expect(errors).toEqual([]);
  return ts.createProgram(
    files.map((file) => path.join(PROJECT, file)),
    options,
  );
}

test("modules/ uses no globals of Node.js or of browsers", () => {
  const program = createProgram(listSources("modules"));
  const mistakes = listSources("modules").flatMap((name) => {
    const file = program.getSourceFile(path.join(PROJECT, name));
    return program
      .getSemanticDiagnostics(file)
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  });
  expect(mistakes).toEqual([]);
});

test("modules/ asks only #platform for time and chance", () => {
  const uses = listSources("modules").flatMap((name) => {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node)) {
        if (node.getText() === "Math.random") found.push(`${name}: Math.random`);
        visit(node.expression);
      } else if (ts.isIdentifier(node) && FORBIDDEN_NAMES.has(node.text)) {
        found.push(`${name}: ${node.text}`);
      } else {
        ts.forEachChild(node, visit);
      }
    };
    ts.forEachChild(parse(name), visit);
    return found;
  });
  expect(uses).toEqual([]);
});
