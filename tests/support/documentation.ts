/** Reads tables and code samples of the documentation, for the tests that compare them with the code. */

import path from "node:path";
import ts from "typescript";
import { listFiles, PROJECT, readJson } from "../project/sources.js";

/** Every page of the documentation. */
export function listPages(): string[] {
  const own = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  return [...own, ...listFiles("docs").filter((name) => name.endsWith(".md"))];
}

/** What stands below a heading of any level, up to the next heading. @throws Error where there is no such heading */
export function sectionOf(text: string, heading: string): string {
  const [found, ...others] = text.split(/^#+ /m).filter((section) => section.split("\n")[0] === heading);
  if (found === undefined || others.length > 0) throw new Error(`There is not one heading "${heading}".`);
  return found;
}

/** The blocks of code of a language, in their order. */
export function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, name, code = ""]) =>
    name === language ? [code] : [],
  );
}

/**
 * Compiles the samples in ```ts blocks, each as a file of its own.
 *
 * @param globals a declaration file with the names that the samples do not import
 * @returns how many there are, and what is wrong with them
 */
export function compileSamples(text: string, globals: string): { count: number; mistakes: string[] } {
  const samples = codeBlocks(text, "ts").map(
    (code, index) => [path.join(PROJECT, "tests", `sample${index}.ts`), code] as const,
  );
  const { compilerOptions } = readJson("tsconfig.json") as { compilerOptions: Record<string, unknown> };
  // A sample may stop where it has shown what it shows.
  const lenient = { ...compilerOptions, noUnusedLocals: false, noUnusedParameters: false };
  const { options } = ts.convertCompilerOptionsFromJson(lenient, PROJECT);
  const texts = new Map([...samples, [path.join(PROJECT, "tests", "samples.d.ts"), globals] as const]);
  const host = ts.createCompilerHost(options);
  host.fileExists = (name) => texts.has(name) || ts.sys.fileExists(name);
  host.readFile = (name) => texts.get(name) ?? ts.sys.readFile(name);
  const program = ts.createProgram([...texts.keys()], options, host);
  const mistakes = samples.flatMap(([name]) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${path.basename(name)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
  return { count: samples.length, mistakes };
}
