/** What a function throws, as far as its source says: by itself, or by a function of ours that it calls. */

import ts from "typescript";
import { PROJECT } from "./sources.js";

type Body = ts.FunctionLikeDeclaration & { readonly body?: ts.Node };

/** Whether what is thrown here is caught within the function. */
function isCaught(node: ts.Node, body: ts.Node): boolean {
  for (let at = node; at !== body; at = at.parent) {
    const { parent } = at;
    if (ts.isTryStatement(parent) && parent.tryBlock === at && parent.catchClause !== undefined) return true;
  }
  return false;
}

/** Visits what runs when a function is called: not the functions within it. */
function visitBody(body: ts.Node, visitor: (node: ts.Node) => void): void {
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    visitor(node);
    node.forEachChild(visit);
  };
  visit(body);
}

/** The name of a class with those of its base classes that are ours. */
function namesOf(type: ts.Type, checker: ts.TypeChecker): string[] {
  const names = [type.symbol.name];
  const bases = type.isClassOrInterface() ? checker.getBaseTypes(type) : [];
  return [...names, ...bases.flatMap((base) => namesOf(base, checker)).filter((name) => name !== "Error")];
}

/** What is thrown, where its type says it: rethrown values of any kind have none. */
function thrownType(expression: ts.Expression, checker: ts.TypeChecker): string[][] {
  const type = checker.getTypeAtLocation(expression);
  const types = type.isUnion() ? type.types : [type];
  return types
    .filter(({ symbol }) => (symbol as ts.Symbol | undefined) !== undefined)
    .map((one) => namesOf(one, checker));
}

function isRejection({ expression }: ts.CallExpression): boolean {
  return expression.getText() === "Promise.reject";
}

/** Whether what a call rejects with is handled by a `catch` behind it. */
function isHandled({ parent }: ts.Node): boolean {
  return ts.isPropertyAccessExpression(parent) && parent.name.text === "catch";
}

/** The function of ours that is called. */
function calledBy(call: ts.CallExpression | ts.NewExpression, checker: ts.TypeChecker): Body | undefined {
  const declaration = checker.getResolvedSignature(call)?.declaration;
  if (declaration === undefined || !ts.isFunctionLike(declaration)) return undefined;
  const { fileName } = declaration.getSourceFile();
  if (!fileName.startsWith(PROJECT) || fileName.includes("node_modules")) return undefined;
  return declaration as Body;
}

/**
 * The classes of what a function throws or rejects with, each with its base classes.
 *
 * @param depth how many calls deep to look
 */
export function thrownBy(node: ts.Node, checker: ts.TypeChecker, depth = 1): string[][] {
  const body = ts.isFunctionLike(node) ? (node as Body).body : undefined;
  if (body === undefined) return [];
  const found: string[][] = [];
  visitBody(body, (inner) => {
    if (isCaught(inner, body) || isHandled(inner)) return;
    if (ts.isThrowStatement(inner)) found.push(...thrownType(inner.expression, checker));
    if (ts.isCallExpression(inner) && isRejection(inner) && inner.arguments[0] !== undefined)
      found.push(...thrownType(inner.arguments[0], checker));
    else if ((ts.isCallExpression(inner) || ts.isNewExpression(inner)) && depth > 0) {
      const called = calledBy(inner, checker);
      if (called !== undefined) found.push(...thrownBy(called, checker, depth - 1));
    }
  });
  return found;
}
