/** The tables in docs/options.md say what the code does. */

import { CLIENT_DEFAULTS, SslProtocols, SslVerification } from "../../modules/client/options.js";
import { HTTP_LISTENER_DEFAULTS } from "../../modules/http.js";
import { CONNECTION_DEFAULTS } from "../../modules/common/options.js";
import { SERVER_DEFAULTS } from "../../modules/server/options.js";
import { membersOf, readTable } from "../support/documentation.js";
import { readText } from "./sources.js";

const TEXT = readText("docs/options.md");

/** The table below a heading, row by row: name, then its default as text. */
function readDefaults(heading: string): Map<string, string> {
  return new Map([...readTable(TEXT, heading)].map(([name, cells]) => [name, cells[2] ?? ""]));
}

/** Defaults that have a name. */
const NAMES: Readonly<Record<string, string>> = {
  sslProtocol: `SslProtocols.${nameOf(SslProtocols, CLIENT_DEFAULTS.sslProtocol)}`,
  sslVerification: `SslVerification.${nameOf(SslVerification, CLIENT_DEFAULTS.sslVerification)}`,
};

function nameOf(values: Readonly<Record<string, number>>, wanted: number): string {
  return Object.keys(values).find((name) => values[name] === wanted) ?? "";
}

/** How the table writes a default. "none": the option may be left out and then is not there. */
function format(name: string, value: unknown): string {
  return value === undefined ? "none" : `\`${NAMES[name] ?? JSON.stringify(value)}\``;
}

/** How the table writes a default of every connection, and that of a server where it is another. */
function formatWithServer(name: string, value: unknown): string {
  const ofServer = (SERVER_DEFAULTS as unknown as Record<string, unknown>)[name];
  return value === ofServer ? format(name, value) : `${format(name, value)}, server ${format(name, ofServer)}`;
}

/** The defaults beside those of every connection. */
function ownDefaults(defaults: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => !(name in CONNECTION_DEFAULTS)));
}

const TABLES: readonly (readonly [heading: string, members: readonly string[], defaults: Record<string, unknown>])[] = [
  ["Every connection", membersOf("modules/common/options.ts", "WebSocketOptions"), CONNECTION_DEFAULTS],
  [
    "WebSocketServer",
    [
      ...membersOf("modules/server/options.ts", "WebSocketServerLimits"),
      ...membersOf("modules/server.ts", "WebSocketServerOptions"),
      ...membersOf("modules/server/tlsoptions.ts", "TlsServerOptions"),
    ],
    ownDefaults(SERVER_DEFAULTS),
  ],
  [
    "HttpListener",
    [
      ...membersOf("modules/http.ts", "HttpListenerLimits", "HttpListenerOptions"),
      ...membersOf("modules/server/tlsoptions.ts", "TlsServerOptions"),
    ],
    HTTP_LISTENER_DEFAULTS,
  ],
  [
    "ClientWebSocket",
    [
      ...membersOf("modules/client/options.ts", "ClientWebSocketLimits", "ClientCertificates"),
      ...membersOf("modules/client.ts", "ClientWebSocketOptions"),
    ],
    ownDefaults(CLIENT_DEFAULTS),
  ],
];

describe.each(TABLES)("the table %s", (heading, members, defaults) => {
  test("has every option of the code and no other", () => {
    expect(members.length).toBeGreaterThan(2);
    expect([...readDefaults(heading).keys()].sort()).toEqual([...members].sort());
  });

  test("has the defaults of the code", () => {
    const write = (defaults as unknown) === CONNECTION_DEFAULTS ? formatWithServer : format;
    const expected = members.map((name) => [name, write(name, defaults[name])]);
    expect(Object.fromEntries(readDefaults(heading))).toEqual(Object.fromEntries(expected));
  });
});
