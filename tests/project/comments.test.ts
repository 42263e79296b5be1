/** Every member that users of the package see says what it is: with units, what it returns, and what it throws. */

import ts from "typescript";
import { type PublicDeclaration, readPublicApi } from "./publicapi.js";
import { thrownBy } from "./thrown.js";

const { checker, declarations } = readPublicApi();

type Callable =
  | ts.MethodDeclaration
  | ts.MethodSignature
  | ts.FunctionDeclaration
  | ts.ConstructorDeclaration
  | ts.ConstructSignatureDeclaration;

function isCallable(node: ts.Declaration): node is Callable {
  return (
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isConstructorDeclaration(node)
  );
}

/** The text of a declaration's comment, with those of what it overrides or implements where it has none. */
function commentOf({ symbol, node }: PublicDeclaration): string {
  const own = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  if (own !== "") return own;
  return ts
    .getJSDocCommentsAndTags(node)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "")
    .join("");
}

function tagsOf({ symbol }: PublicDeclaration, name: string): string[] {
  return symbol
    .getJsDocTags(checker)
    .filter((tag) => tag.name === name)
    .map(({ text }) => ts.displayPartsToString(text));
}

/** What stands for itself: an overload's other signatures have one comment, and a constructor may be its class's. */
function hasComment(declaration: PublicDeclaration): boolean {
  return commentOf(declaration) !== "";
}

test("what users see has a comment", () => {
  const missing = declarations.filter((declaration) => !hasComment(declaration)).map(({ name }) => name);
  expect([...new Set(missing)]).toEqual([]);
});

test("what users see: with several parameters, says what each of them is", () => {
  const missing = declarations.flatMap((declaration) => {
    const { node, name } = declaration;
    if (!isCallable(node) || node.parameters.length < 2) return [];
    const said = tagsOf(declaration, "param").map((text) => text.split(" ")[0]);
    return node.parameters
      .map((parameter) => parameter.name.getText().replace(/^_/, ""))
      .filter((parameter) => !said.includes(parameter))
      .map((parameter) => `${name}: ${parameter}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});

test("what users see: that returns something, says what", () => {
  const missing = declarations.filter((declaration) => {
    const { node } = declaration;
    if (!isCallable(node) || ts.isConstructorDeclaration(node)) return false;
    const signature = checker.getSignatureFromDeclaration(node);
    const type = signature === undefined ? "void" : checker.typeToString(checker.getReturnTypeOfSignature(signature));
    if (/^(?:void|this|never|Promise<void>|asserts .*|void \| Promise<void>)$/.test(type)) return false;
    return tagsOf(declaration, "returns").length === 0;
  });
  expect([...new Set(missing.map(({ name }) => name))]).toEqual([]);
});

/** Words that say what a number counts: units, and things. */
const UNIT = new RegExp(
  `\\b(?:${[
    "ms|milliseconds?|seconds?|bytes?|characters?|ports?|status|code|number|how many|times|power of two|part|from 0 to 1",
    "attempts?|clients|frames?|invocations|messages|requests|streams|values|opcode|version|level|delay grows|1 \\(fast\\)",
  ].join("|")})`,
  "i",
);

test("what users see: that is a number, says what it counts", () => {
  const missing = declarations.filter((declaration) => {
    const { node, name } = declaration;
    if (!ts.isPropertyDeclaration(node) && !ts.isPropertySignature(node) && !ts.isGetAccessorDeclaration(node))
      return false;
    const type = checker.getTypeAtLocation(node);
    const isNumber = checker.typeToString(checker.getNonNullableType(type)) === "number";
    return (
      isNumber &&
      !UNIT.test(`${commentOf(declaration)} ${tagsOf(declaration, "defaultValue").join(" ")}`) &&
      name !== ""
    );
  });
  expect([...new Set(missing.map(({ name }) => name))]).toEqual([]);
});

test("what users see: that throws or rejects, says what", () => {
  const missing = declarations.flatMap((declaration) => {
    const said = tagsOf(declaration, "throws").join(" ");
    return thrownBy(declaration.node, checker)
      .filter((names) => !names.some((name) => said.includes(name)))
      .map(([name]) => `${declaration.name}: ${name ?? ""}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});
