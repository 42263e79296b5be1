/** Reads the declarations of the package as a user's compiler does, and finds in them what is not for users. */

import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

interface Entry {
  /** Such as "xs-websockets/client". */
  readonly name: string;
  /** What it exports, with what names mean elsewhere. */
  readonly exported: readonly ts.Symbol[];
}

type Exports = Readonly<Record<string, string | { readonly types?: string }>>;

/** The declarations of all that a package exports. */
export class Declarations {
  readonly #checker: ts.TypeChecker;
  readonly #folder: string;
  readonly #entries: readonly Entry[];
  readonly #published: ReadonlySet<ts.Symbol>;

  /** @param folder where the package is */
  constructor(folder: string) {
    this.#folder = `${folder}/`;
    const { name, exports } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
      readonly name: string;
      readonly exports: Exports;
    };
    const files = Object.entries(exports).flatMap(([subpath, targets]) =>
      typeof targets === "string" || targets.types === undefined
        ? []
        : [[name + subpath.slice(1), path.join(folder, targets.types)] as const],
    );
    const program = ts.createProgram(
      files.map(([, file]) => file),
      {
        module: ts.ModuleKind.Preserve,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        target: ts.ScriptTarget.ES2023,
        types: [],
        skipLibCheck: true,
      },
    );
    this.#checker = program.getTypeChecker();
    this.#entries = files.map(([entry, file]) => {
      const source = program.getSourceFile(file);
      const module = source && this.#checker.getSymbolAtLocation(source);
      if (module === undefined) throw new Error(`${file} has no exports.`);
      return { name: entry, exported: this.#checker.getExportsOfModule(module).map((symbol) => this.#meant(symbol)) };
    });
    this.#published = new Set(this.#entries.flatMap(({ exported }) => exported));
  }

  /** The names that exist at run time, by entry. */
  valuesOf(): Record<string, string[]> {
    const isValue = ({ flags }: ts.Symbol): boolean => (flags & ts.SymbolFlags.Value) !== 0;
    return Object.fromEntries(
      this.#entries.map(({ name, exported }) => [
        name,
        exported
          .filter(isValue)
          .map((symbol) => symbol.name)
          .sort(),
      ]),
    );
  }

  /** Members with the tag "internal" that a user's program reaches, and types that it meets and no entry exports. */
  findInternal(): string[] {
    const found = new Set<string>();
    for (const symbol of this.#published)
      for (const declaration of symbol.declarations ?? []) this.#read(symbol.name, declaration, found);
    return [...found].sort();
  }

  #meant(symbol: ts.Symbol): ts.Symbol {
    return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : this.#checker.getAliasedSymbol(symbol);
  }

  #read(name: string, node: ts.Node, found: Set<string>): void {
    if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")) found.add(`${name}: @internal`);
    if (ts.isClassElement(node) && isHidden(node)) return;
    if (ts.isIdentifier(node) && isTypeName(node)) this.#check(name, node, found);
    ts.forEachChild(node, (child) => {
      const isMember = (ts.isClassElement(child) || ts.isTypeElement(child)) && child.name !== undefined;
      this.#read(isMember ? `${name}.${child.name.getText()}` : name, child, found);
    });
  }

  /** Whether what a name means can be imported by users, or is none of ours. */
  #check(name: string, identifier: ts.Identifier, found: Set<string>): void {
    const mentioned = this.#checker.getSymbolAtLocation(identifier);
    if (mentioned === undefined) return;
    const symbol = this.#meant(mentioned);
    const isOurs = symbol.declarations?.some((declaration) => {
      const { fileName } = declaration.getSourceFile();
      return fileName.startsWith(this.#folder) && !fileName.slice(this.#folder.length).includes("node_modules");
    });
    const isType = (symbol.flags & (ts.SymbolFlags.Type & ~ts.SymbolFlags.TypeParameter)) !== 0;
    const isImportable = (symbol.flags & ts.SymbolFlags.Variable) !== 0 || isType;
    if (isOurs === true && isImportable && !this.#published.has(symbol)) found.add(`${name} -> ${symbol.name}`);
  }
}

/** Whether a member of a class is no user's: protected ones are for the classes of this package. */
function isHidden(member: ts.ClassElement): boolean {
  const hiding = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const isPrivateName = member.name !== undefined && ts.isPrivateIdentifier(member.name);
  return isPrivateName || (ts.getCombinedModifierFlags(member) & hiding) !== 0;
}

/** Whether an identifier stands for a type, or for the value of a `typeof`, and not for a name that is declared. */
function isTypeName({ parent }: ts.Identifier): boolean {
  // As in import("./file.js").Name, which the compiler writes where a type was inferred.
  if (ts.isImportTypeNode(parent)) return true;
  return ts.isTypeReferenceNode(parent) || ts.isExpressionWithTypeArguments(parent) || ts.isTypeQueryNode(parent);
}
