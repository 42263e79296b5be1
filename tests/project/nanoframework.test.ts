/** docs/coming-from/nanoframework.md has every member of nanoFramework's classes, and names only what there is here. */

import * as client from "xs-websockets/client";
import { compileSamples } from "../support/documentation.js";
import { readText } from "./sources.js";

/**
 * The public and protected members, as they were found in nanoFramework's sources at the commits that the page names: an
 * indexer is "this", a constructor "new", a nested delegate a member.
 */
const MEMBERS: Readonly<Record<string, string>> = {
  WebSocketServer: `new Start Stop Abort Dispose Started Port Prefix ServerName MaxClients ClientsCount ListClients
    KeepAliveInterval ServerTimeout MaxReceiveFrameSize FragmentSize AddWebSocket SendText SendData BroadCast
    DisconnectClient MessageReceived WebSocketOpened WebSocketClosed MessageReceivedEventhandler
    WebSocketOpenedEventhandler WebSocketClosedEventhandler`,
  WebSocketServerOptions: "Port ServerName MaxClients Prefix IsStandAlone",
  WebSocketOptions: "KeepAliveInterval ServerTimeout MaxReceiveFrameSize MaxFragmentSize",
  ClientWebSocketOptions: "SslProtocol SslVerification Certificate",
  ClientWebSocket: `new Connect State IsSSL Host Port Prefix SslProtocol SslVerification CACertificate
    UseCustomCertificate UseStoredDeviceCertificate Dispose`,
  WebSocket: `IsServer State RemoteEndPoint KeepAliveInterval ServerTimeout MaxReceiveFrameSize MaxFragmentSize Send
    SendString SendBytes Close Abort Dispose MessageReceived ConnectionClosed MessageReceivedEventHandler WebSocket
    ConnectToStream`,
  ClientWebSocketHeaders: "new Count Keys Values this Remove",
  MessageReceivedEventArgs: "Frame",
  ReceiveMessageFrame: "EndPoint MessageType Fragmentation IsFragmented MessageLength Buffer",
  WebSocketOpenedEventArgs: "EndPoint",
  WebSocketClosedEventArgs: "EndPoint",
  HttpListener: `new Start Stop Close Abort GetContext IsListening MaximumResponseHeadersLength HttpsCert SslProtocols`,
  HttpListenerContext: "Request Response Reset Close",
  HttpListenerRequest: `Reset HttpMethod RawUrl AcceptTypes ContentLength64 ContentType Headers InputStream
    IsAuthenticated KeepAlive LocalEndPoint ProtocolVersion RemoteEndPoint Url UserAgent UserHostAddress UserHostName
    Credentials UserLanguages`,
  HttpListenerResponse: `StatusCode ContentLength64 HasStarted Headers KeepAlive OutputStream ProtocolVersion
    RedirectLocation SendChunked ContentEncoding ContentType StatusDescription Detach Close`,
};

/** Enumerations, with their values. */
const ENUMERATIONS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  WebSocketCloseStatus: {
    ...{ NormalClosure: 1000, EndpointUnavailable: 1001, ProtocolError: 1002, InvalidMessageType: 1003 },
    ...{ Reserved: 1004, Empty: 1005, ClosedAbnormally: 1006, InvalidPayloadData: 1007, PolicyViolation: 1008 },
    ...{ MessageTooBig: 1009, MandatoryExtension: 1010, InternalServerError: 1011 },
  },
  WebSocketState: { None: 0, Connecting: 1, Open: 2, CloseSent: 3, CloseReceived: 4, Closed: 5, Aborted: 6 },
  WebSocketMessageType: { Text: 0, Binary: 1 },
  FragmentationType: { NotFragmented: 0, FirstFragment: 1, Fragment: 2, FinalFragment: 3 },
  SslProtocols: { None: 0, Tls: 192, Tls11: 768, Tls12: 3072, Tls13: 12_288 },
  SslVerification: { NoVerification: 1, VerifyPeer: 2, CertificateRequired: 4, VerifyClientOnce: 8 },
};

interface Section {
  /** The class there. */
  readonly name: string;
  /** The name here, and the module that exports it. */
  readonly own: string;
  readonly module: string;
  readonly there: readonly string[];
  readonly here: readonly string[];
}

/** What stands in a column as code. */
function codesIn(cell = ""): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** "protected Name(arguments)", "new Name(arguments)", "this[key]": the member's name. */
function memberOf(code: string): string {
  return /^(?:protected )?(\w+)/.exec(code)?.[1] ?? code;
}

function sections(): Section[] {
  return readText("docs/coming-from/nanoframework.md")
    .split(/^### /m)
    .slice(1)
    .flatMap((text) => {
      const [, own, module] = /^Here: `(\w+)` of `(xs-websockets\/\w+)`/m.exec(text) ?? [];
      if (own === undefined || module === undefined) return [];
      const rows = text.split("\n").filter((line) => line.startsWith("| `"));
      const cells = rows.map((line) => line.split("|").slice(1));
      return {
        name: text.split("\n", 1).join(),
        ...{ own, module },
        there: cells.flatMap(([cell]) => codesIn(cell)).map(memberOf),
        here: cells.flatMap(([, cell]) => codesIn(cell)),
      };
    });
}

test("every class and enumeration has its table, and no other", () => {
  const names = sections().map(({ name }) => name);
  expect(names.sort()).toEqual([...Object.keys(MEMBERS), ...Object.keys(ENUMERATIONS)].sort());
});

test.each(sections())("$name: all of its members, once", ({ name, there }) => {
  const members = MEMBERS[name]?.split(/\s+/) ?? Object.keys(ENUMERATIONS[name] ?? {});
  expect([...there].sort()).toEqual([...members].sort());
});

test("what is named in the second column is exported", () => {
  const checks = sections().map(({ own, module, here, name }, at) => {
    const isEnumeration = ENUMERATIONS[name] !== undefined;
    const type = isEnumeration ? `(typeof ${own})` : own;
    const lines = here.map((code, index) => {
      const [, kind, member = ""] = /^(?:(new|type) )?(\w+)/.exec(code) ?? [];
      if (kind === "new") return `export type Made${at}x${index} = InstanceType<typeof ${member}>;`;
      if (kind === "type") return `import type { ${member} as Type${at}x${index} } from "${module}";`;
      return `export type Member${at}x${index} = ${type}["${member}"];`;
    });
    return `\`\`\`ts\nimport type { ${own} } from "${module}";\n${lines.join("\n")}\n\`\`\`\n`;
  });
  const { count, mistakes } = compileSamples(checks.join("\n"), "");
  expect(mistakes).toEqual([]);
  expect(count).toBe(checks.length);
  expect(sections().flatMap(({ here }) => here).length).toBeGreaterThan(100);
});

test.each(Object.entries(ENUMERATIONS))("the values of %s are those here", (name, values) => {
  const own = client[name as keyof typeof client] as unknown as Readonly<Record<string, number>>;
  const section = sections().find((found) => found.name === name);
  for (const member of section?.here ?? []) expect([member, own[member]]).toEqual([member, values[member]]);
  expect(section?.here.length).toBeGreaterThan(1);
});
