/**
 * Writes what is said of options in a second place: the default in the comment of each option, and the tables of the
 * documentation. Both come from the interfaces and from the tables of defaults and ranges beside them.
 * With --check it writes nothing and fails where a file is not what they say.
 */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { BACKOFF_OPTIONS } from "../modules/backoff.js";
import { CLIENT_OPTIONS, SslProtocols, SslVerification } from "../modules/client/options.js";
import { CONNECTION_OPTIONS, MAX_NUMBER, type OptionTable } from "../modules/common/options.js";
import { HTTP_LISTENER_OPTIONS } from "../modules/http.js";
import { RECONNECTING_OPTIONS } from "../modules/reconnecting.js";
import { SERVER_OPTIONS } from "../modules/server/options.js";
import { HUB_CONNECTION_OPTIONS } from "../modules/signalr/client/options.js";
import { HUB_SERVER_OPTIONS } from "../modules/signalr/server/options.js";
import { readCommandLine, runScript } from "./commandline.js";

/** The options of a class. */
interface Group {
  /** The mark of its table: `<!-- options of NAME -->` in one of the documents. */
  readonly name: string;
  /** Where they are declared, as "file: interface". */
  readonly declared: readonly string[];
  readonly table: OptionTable<object>;
  /** A class that takes the same options, and may have other defaults. */
  readonly other?: { readonly name: string; readonly table: OptionTable<object> };
}

const HUB_LIMITS = "modules/signalr/link/limits.ts: HubLimits";
const DEFLATE = "hosts/deflatecontract.ts: DeflateOption";
const TLS_SERVER = "modules/server/tlsoptions.ts: TlsServerOptions";

const GROUPS: readonly Group[] = [
  {
    name: "every connection",
    declared: ["modules/common/options.ts: WebSocketOptions"],
    table: CONNECTION_OPTIONS,
    other: { name: "server", table: SERVER_OPTIONS },
  },
  {
    name: "WebSocketServer",
    declared: [
      "modules/server/options.ts: WebSocketServerLimits",
      TLS_SERVER,
      DEFLATE,
      "modules/server.ts: WebSocketServerOptions",
    ],
    table: SERVER_OPTIONS,
  },
  {
    name: "ClientWebSocket",
    declared: [
      "modules/client/options.ts: ClientWebSocketLimits",
      "modules/client/options.ts: ClientCertificates",
      DEFLATE,
      "modules/client.ts: ClientWebSocketOptions",
    ],
    table: CLIENT_OPTIONS,
  },
  {
    name: "HttpListener",
    declared: ["modules/http.ts: HttpListenerLimits", TLS_SERVER, "modules/http.ts: HttpListenerOptions"],
    table: HTTP_LISTENER_OPTIONS,
  },
  {
    name: "ReconnectingWebSocket",
    declared: ["modules/reconnecting.ts: ReconnectingWebSocketOptions"],
    table: RECONNECTING_OPTIONS,
  },
  { name: "Backoff", declared: ["modules/backoff.ts: BackoffOptions"], table: BACKOFF_OPTIONS },
  {
    name: "every hub connection",
    declared: [HUB_LIMITS],
    table: HUB_CONNECTION_OPTIONS,
    other: { name: "HubServer", table: HUB_SERVER_OPTIONS },
  },
  {
    name: "HubConnection",
    declared: [
      "modules/signalr/client/options.ts: HubConnectionLimits",
      "modules/signalr/client/options.ts: HubConnectionOptions",
    ],
    table: HUB_CONNECTION_OPTIONS,
  },
  {
    name: "HubServer",
    declared: [
      "modules/signalr/server/options.ts: HubServerLimits",
      "modules/signalr/server/options.ts: HubServerOptions",
    ],
    table: HUB_SERVER_OPTIONS,
  },
];

const DOCUMENTS: readonly string[] = ["docs/options.md", "docs/signalr.md"];

/** Enumerations whose members are written by name. */
const NAMED: Readonly<Record<string, readonly [type: string, values: object]>> = {
  sslProtocol: ["SslProtocols", SslProtocols],
  sslVerification: ["SslVerification", SslVerification],
};

const TAG = "@defaultValue";

/** One option as it is declared. */
interface Option {
  readonly name: string;
  readonly type: string;
  /** Its comment, without the default. */
  readonly text: string;
  /** Where its comment begins and ends in the file. */
  readonly comment: readonly [start: number, end: number];
}

function optionsIn(source: string, wanted: string): Option[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const declaration = file.statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === wanted);
  if (declaration === undefined) throw new Error(`there is no interface ${wanted}`);
  return declaration.members.filter(ts.isPropertySignature).map((member) => {
    const [comment] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
    if (comment === undefined) throw new Error(`${wanted}.${member.name.getText()} has no comment`);
    return {
      name: member.name.getText(),
      type: member.type?.getText() ?? "",
      text: (ts.getTextOfJSDocComment(comment.comment) ?? "").replace(/\s+/g, " ").trim(),
      comment: [comment.getStart(), comment.getEnd()],
    };
  });
}

/** A default as code; undefined where there is none. */
function defaultOf(name: string, { defaults }: OptionTable<object>): string | undefined {
  const value = valueOf(defaults, name);
  const [type, values] = NAMED[name] ?? ["", {}];
  const known = Object.entries(values).find(([, member]) => member === value);
  return known === undefined ? JSON.stringify(value) : `${type}.${known[0]}`;
}

/** The value that an option has in an object. */
function valueOf(values: object, name: string): unknown {
  return Object.entries(values).find(([key]) => key === name)?.[1];
}

/** The numbers that are allowed, as text; "" where it is no number. */
function rangeOf(name: string, { defaults, least, most, special }: OptionTable<object>): string {
  if (typeof valueOf(defaults, name) !== "number" || special?.includes(name) === true) return "";
  const [from, to] = [valueOf(least, name) ?? 0, valueOf(most, name) ?? MAX_NUMBER];
  return to === MAX_NUMBER ? `from ${JSON.stringify(from)}` : `${JSON.stringify(from)} to ${JSON.stringify(to)}`;
}

/** The defaults of an option in all classes that take it. */
function defaultsOf(name: string, { table, other }: Group, write: (code: string) => string): string | undefined {
  const own = defaultOf(name, table);
  if (own === undefined) return undefined;
  const others = other === undefined ? own : (defaultOf(name, other.table) ?? own);
  return own === others ? write(own) : `${write(own)}, ${other?.name ?? ""} ${write(others)}`;
}

/** The comment of an option with its default, in the width of the project. */
function commentOf({ text }: Option, value: string | undefined): string {
  const tag = value === undefined ? "" : `${TAG} ${value}`;
  const line = `/** ${[text, tag].filter(Boolean).join(" ")} */`;
  if (line.length <= WIDTH - 2) return line;
  const lines = [...fill(text), ...(tag === "" ? [] : [tag])];
  return ["/**", ...lines.map((words) => `   * ${words}`), "   */"].join("\n");
}

const WIDTH = 120;

/** A text in lines that fit behind "   * ". */
function fill(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDTH - 5) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A source file with the defaults in its comments. */
function withDefaultsInComments(source: string, wanted: string, group: Group): string {
  let text = source;
  for (const option of optionsIn(source, wanted).reverse()) {
    const [start, end] = option.comment;
    const value = defaultsOf(option.name, group, (code) => code);
    // A comment that has no default to tell stays as it was written.
    const isTold = source.slice(start, end).includes(TAG);
    if (value !== undefined || isTold) text = text.slice(0, start) + commentOf(option, value) + text.slice(end);
  }
  return text;
}

/** How a table writes a type. */
function typeOf({ name, type }: Option): string {
  if (/^(?:on[A-Z]|on[a-z]+$)/.test(name)) return "function";
  return `\`${type.replace(" | undefined", "").replaceAll("|", "\\|")}\``;
}

function rowOf(option: Option, group: Group): string {
  const value = defaultsOf(option.name, group, (code) => `\`${code}\``) ?? "none";
  const range = rangeOf(option.name, group.table);
  const text = option.text.replaceAll("|", "\\|").replace(/\{@link (\w+)\}/g, "`$1`");
  return `| \`${option.name}\` | ${typeOf(option)} | ${value} | ${range} | ${text} |`;
}

function tableOf(group: Group, read: (file: string) => string): string {
  const options = group.declared.flatMap((place) => {
    const [file = "", wanted = ""] = place.split(": ");
    return optionsIn(read(file), wanted);
  });
  return [
    "| option | type | default | range | what it sets |",
    "| --- | --- | --- | --- | --- |",
    ...options.map((option) => rowOf(option, group)),
  ].join("\n");
}

/** @returns the text of each file that says something of options, by its path in the project's folder */
export async function createOptionTexts(project: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const read = (file: string): string => texts.get(file) ?? readFileSync(path.join(project, file), "utf8");
  for (const group of GROUPS)
    for (const place of group.declared) {
      const [file = "", wanted = ""] = place.split(": ");
      texts.set(file, withDefaultsInComments(read(file), wanted, group));
    }
  const { format, resolveConfig } = await import("prettier");
  for (const document of DOCUMENTS) {
    let text = read(document);
    for (const group of GROUPS) {
      const mark = `<!-- options of ${group.name} -->\n`;
      const start = text.indexOf(mark);
      if (start < 0) continue;
      const end = text.indexOf("<!-- end -->", start);
      text = `${text.slice(0, start + mark.length)}\n${tableOf(group, read)}\n\n${text.slice(end)}`;
    }
    const file = path.join(project, document);
    texts.set(document, await format(text, { ...(await resolveConfig(file)), filepath: file }));
  }
  return texts;
}

async function main(): Promise<number> {
  const project = process.cwd();
  const { flags } = readCommandLine(process.argv.slice(2), ["check"]);
  const stale: string[] = [];
  for (const [file, text] of await createOptionTexts(project)) {
    if (readFileSync(path.join(project, file), "utf8") === text) continue;
    stale.push(file);
    if (!flags.has("check")) writeFileSync(path.join(project, file), text);
  }
  if (!flags.has("check") || stale.length === 0) return 0;
  process.stderr.write(`not what the options say: ${stale.join(", ")}; run npm run options\n`);
  return 1;
}

runScript(main);
