/** What the package exports, as the compiler sees it: for the tests that read its declarations and their comments. */

import path from "node:path";
import ts from "typescript";
import { PROJECT, readJson } from "./sources.js";

/** A declaration that users of the package see: a class, a member, a function, a type. */
export interface PublicDeclaration {
  /** Such as `ClientWebSocket.connect`. */
  readonly name: string;
  readonly node: ts.Declaration;
  readonly symbol: ts.Symbol;
}

/** The sources of what `exports` of package.json names. */
function entryPoints(): string[] {
  const { exports } = readJson("package.json") as { exports: Readonly<Record<string, unknown>> };
  return Object.values(exports).flatMap((entry) => {
    if (typeof entry === "string") return [];
    const { types } = entry as { readonly types: string };
    // The file on XS is compiled with the declarations of the SDK.
    if (types.startsWith("./dist/hosts/moddable/")) return [];
    return [path.join(PROJECT, types.replace("./dist/", "").replace(/\.d\.ts$/, ".ts"))];
  });
}

/** Compiles the entry points, which takes some seconds. */
export function readPublicApi(): { readonly checker: ts.TypeChecker; readonly declarations: PublicDeclaration[] } {
  const { config } = ts.readConfigFile(path.join(PROJECT, "tsconfig.json"), (name) => ts.sys.readFile(name)) as {
    readonly config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, PROJECT);
  const program = ts.createProgram(entryPoints(), options);
  const checker = program.getTypeChecker();
  const found = new Map<ts.Declaration, PublicDeclaration>();
  for (const file of entryPoints()) {
    const source = program.getSourceFile(file);
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} exports nothing`);
    for (const exported of checker.getExportsOfModule(module)) collect(resolve(exported), "", checker, found);
  }
  return { checker, declarations: [...found.values()] };

  function resolve(symbol: ts.Symbol): ts.Symbol {
    return (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
  }
}

/** As it is written, where it is computed: the compiler's own name says nothing. */
function nameOf({ name, declarations = [] }: ts.Symbol): string {
  const [first] = declarations;
  const written = first === undefined ? undefined : ts.getNameOfDeclaration(first);
  return written !== undefined && ts.isComputedPropertyName(written) ? written.getText() : name;
}

/** Whether a declaration is one of ours that others see. */
function isPublic(node: ts.Declaration): boolean {
  if (!node.getSourceFile().fileName.startsWith(PROJECT) || node.getSourceFile().fileName.includes("node_modules"))
    return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if ((ts.getCombinedModifierFlags(node) & hidden) !== 0) return false;
  const { name } = node as ts.NamedDeclaration;
  if (name !== undefined && ts.isPrivateIdentifier(name)) return false;
  return !ts.getJSDocTags(node).some((tag) => tag.tagName.text === "internal");
}

function collect(
  symbol: ts.Symbol,
  prefix: string,
  checker: ts.TypeChecker,
  found: Map<ts.Declaration, PublicDeclaration>,
): void {
  const text = symbol.name === "__constructor" ? "constructor" : nameOf(symbol);
  const name = prefix === "" ? text : `${prefix}.${text}`;
  for (const node of symbol.declarations ?? []) {
    if (found.has(node) || !isPublic(node)) continue;
    found.set(node, { name, node, symbol });
    for (const member of membersOf(node, checker)) collect(member, name, checker, found);
  }
}

function membersOf(node: ts.Declaration, checker: ts.TypeChecker): ts.Symbol[] {
  let nodes: readonly ts.Declaration[] = [];
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) nodes = [...node.members];
  if (ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type)) nodes = [...node.type.members];
  return nodes.flatMap((member) => {
    // A constructor, and an index signature, have no name to look up.
    const symbol = (member as { symbol?: ts.Symbol }).symbol ?? checker.getSymbolAtLocation(member);
    return symbol === undefined ? [] : [symbol];
  });
}
