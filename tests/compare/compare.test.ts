/**
 * What this library and others do with the same peer. Each line of the table in docs/compared.md is a case here, and its words
 * are what was seen: `npx jest tests/compare`. nanoFramework's column is read, not run: docs/coming-from/nanoframework.md.
 */

import { ClientWebSocket } from "xs-websockets/client";
import { readText } from "../project/sources.js";
import { testCertificates } from "../support/certificates.js";
import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { ours } from "./ours.js";
import { CASES, type Case, type Peer, startPeer } from "./peer.js";
import { run, type Program, type Sending, type Target } from "./scenario.js";
import { ws } from "./wsclient.js";
import { LONG_MS } from "../support/building.js";
import { eventually } from "../support/waiting.js";

type CaseName = keyof typeof CASES;
/** How long a program is looked at that should have lost sync. */
const LOST_MS = 2_500;

/** What was seen of a program with a peer. */
interface Seen {
  readonly told: readonly string[];
  readonly heard: Peer["heard"];
}

/** Makes words of what was seen. */
const WORDS: Readonly<Record<CaseName, (seen: Seen) => string>> = {
  fragments({ told }) {
    if (!told.includes("text after")) return "loses sync";
    if (told.includes("text one two three")) return "one message";
    return told.includes("pieces 3 text one two three") ? "three pieces to join" : "something else";
  },
  utf8({ told, heard }) {
    if (closeOf(heard) === 1_007) return "closes with 1007";
    if (told.includes("text after")) return told.includes("bytes 3") ? "passes it on as bytes" : "passes it on as text";
    return "throws inside the SDK";
  },
  long: ({ told }) => (!told.includes("text after") ? "loses sync" : "received"),
  announced({ told, heard }) {
    if (closeOf(heard) === 1_009) return "closes with 1009";
    return told.length > 1 ? "loses sync" : "keeps reading";
  },
  sendLong: ({ told }) => (told.some((event) => event.startsWith("took")) ? "sent" : "throws"),
  sendFlood({ told }) {
    const [event = ""] = told.filter((text) => /^(?:took|refused|threw)/.test(text));
    if (!event.startsWith("took")) return event.startsWith("threw") ? "throws" : "`send` returns false";
    return Number(/(\d+) bytes wait/.exec(event)?.[1] ?? 0) > 1_000_000 ? "keeps it all in memory" : event;
  },
  masks({ heard }) {
    const masks = new Set(
      heard()
        .filter(({ first }) => first !== 0x88)
        .map(({ mask }) => mask.join()),
    );
    if (masks.size === 5) return "random";
    return masks.size === 1 && masks.has("0,0,0,0") ? "always zero" : "repeated";
  },
  accept: ({ told }) => (told.includes("open") ? "connects" : "rejects it"),
  certificate: ({ told }) => (told.includes("open") ? "connects" : "rejects it"),
};

function closeOf(heard: Peer["heard"]): number | undefined {
  const { payload } = heard().find(({ first }) => first === 0x88) ?? {};
  return payload === undefined ? undefined : (payload[0] ?? 0) * 256 + (payload[1] ?? 0);
}

/** The columns of the table in docs/compared.md. */
const COLUMNS = [
  "this library",
  "SDK: `websocket`",
  "SDK: ECMA-419 client",
  "SDK: `WebSocket`",
  "`ws`",
  "nanoFramework",
];

/** A table that begins with this library: the columns after the first, and the cells of each row, by what the peer does. */
interface Table {
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

function readTable(page: string): Table {
  const rows = [...readText(page).matchAll(/^\| (.+) \|$/gm)].map(([, row = ""]) =>
    row.split(" | ").map((cell) => cell.trim()),
  );
  const start = rows.findIndex(([, first]) => first === COLUMNS[0]);
  const [, ...columns] = rows[start] ?? [];
  return { columns, rows: new Map(rows.slice(start + 2).map(([name = "", ...cells]) => [name, cells])) };
}

const TABLE = readTable("docs/compared.md");

/** The rows of the table. */
const ROWS: Readonly<Record<CaseName, string>> = {
  fragments: "a text in three fragments",
  utf8: "a text that is not valid UTF-8",
  long: "a text of 70,000 characters",
  announced: "a frame that announces 4 GB",
  sendLong: "70,000 characters sent",
  sendFlood: "10 MB sent to a peer that does not read",
  masks: "the masks of outgoing frames",
  accept: "a server that does not speak WebSocket",
  certificate: "a certificate anyone could have made",
};

const cellOf = (name: CaseName, column: string): string => TABLE.rows.get(ROWS[name])?.[COLUMNS.indexOf(column)] ?? "";
const NAMES = Object.keys(CASES) as CaseName[];

test("the table of README.md is a part of that in docs/compared.md", () => {
  expect(TABLE.columns).toEqual(COLUMNS);
  const { columns, rows } = readTable("README.md");
  expect(columns).toEqual(COLUMNS.slice(0, columns.length));
  expect(rows.size).toBeGreaterThan(5);
  for (const [name, cells] of rows) expect([name, ...cells]).toEqual([name, ...partOf(name, cells.length)]);
});

function partOf(name: string, length: number): readonly string[] {
  return TABLE.rows.get(name)?.slice(0, length) ?? [];
}

/** What a program is told to do. */
interface Task {
  readonly target: Target;
  readonly sending?: Sending;
  /** Where it should lose sync, nothing more comes. */
  readonly patienceMs?: number;
}

/** Lets a program meet the peer of a case. @returns what docs/compared.md should say of it */
async function meet(name: CaseName, column: string, play: (task: Task) => Promise<readonly string[]>): Promise<string> {
  const played: Case = CASES[name];
  const { sending } = played;
  const expected = cellOf(name, column);
  const isLost = /loses sync|keeps reading|throws inside the SDK/.test(expected);
  const peer = await startPeer(played);
  try {
    const { target } = peer;
    const told = await play({ target, ...(sending && { sending }), ...(isLost && { patienceMs: LOST_MS }) });
    const words = (): string => WORDS[name]({ told, heard: peer.heard });
    // What was sent last may be on its way.
    await eventually(() => peer.isWhole() && words() === expected, "the words", LOST_MS).catch(() => undefined);
    return words();
  } finally {
    await peer.stop();
  }
}

describe("on Node.js", () => {
  beforeAll(() => testCertificates());

  describe.each<[column: string, program: Program]>([
    ["this library", ours],
    ["`ws`", ws],
  ])("%s", (column, program) => {
    test.each(NAMES)("%s", async (name) => {
      const play = ({ target, sending, patienceMs }: Task): Promise<string[]> =>
        run(program, target, sending, patienceMs);
      expect(await meet(name, column, play)).toBe(cellOf(name, column));
    });
  });
});

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "on XS, in the simulator", () => {
  let sdks: ControlledApp | undefined;
  let own: ControlledApp | undefined;

  beforeAll(async () => {
    await testCertificates();
    if (sdk === undefined) return;
    sdks = await ControlledApp.start(sdk, "tests/compare/xs/sdk");
    own = await ControlledApp.start(sdk, "tests/compare/xs/ours");
  }, LONG_MS);
  afterAll(async () => {
    await sdks?.stop();
    await own?.stop();
  });

  /** The words for all programs of an app. They meet their peers at the same time: the simulator spends it waiting. */
  async function meetAll(name: CaseName): Promise<Record<string, string>> {
    const programs: readonly (readonly [column: string, app: ControlledApp | undefined, program: string])[] = [
      ["this library", own, "ours"],
      ["SDK: `websocket`", sdks, "sdkWebSocket"],
      ["SDK: ECMA-419 client", sdks, "sdkClient"],
      ["SDK: `WebSocket`", sdks, "sdkClass"],
    ];
    const met = programs.map(async ([column, app, program]) => {
      const words = await meet(name, column, async (task) => (await app?.ask("run", { program, ...task })) as string[]);
      return [column, words] as const;
    });
    return Object.fromEntries(await Promise.all(met));
  }

  test.each(NAMES)("%s", async (name) => {
    const met = await meetAll(name);
    // The module `websocket` was not run with TLS: its SecureSocket is the same.
    if (name === "certificate") met["SDK: `websocket`"] = "not run";
    expect(met).toEqual(Object.fromEntries(Object.keys(met).map((column) => [column, cellOf(name, column)])));
  });

  test("a server of wss", async () => {
    const { authority, right } = await testCertificates();
    const [certificate = new Uint8Array()] = right.certificates;
    const texts = { certificate, privateKey: right.privateKey };
    const identity = Object.fromEntries(
      Object.entries(texts).map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
    );
    const port = (await own?.ask("serve", identity)) as number;
    const answered = new Promise<string>((resolve, reject) => {
      const client = new ClientWebSocket({
        certificate: authority,
        onMessageReceived: (_sender, { frame }) => resolve(frame.text),
      });
      client.connect(`wss://localhost:${port}/`).then(() => client.sendString("over TLS"), reject);
    });
    expect(await answered).toBe("over TLS");
    expect(TABLE.rows.get("`wss:` served by the device")?.[0]).toBe("yes");
  });
});
