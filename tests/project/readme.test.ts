/** The programs of README.md run as they stand, on Node.js and on XS in the simulator. Only their ports are others. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { WebSocket, WebSocketServer } from "ws";
import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { codeBlocks } from "../support/documentation.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { PROJECT, readText } from "./sources.js";
import { letTimePass } from "../support/waiting.js";

const BLOCKS = codeBlocks(readText("README.md"), "js");

/** Ports for the programs: that of the first, that of the second, and that of the server which the third connects to. */
interface Ports {
  readonly echo: number;
  readonly page: number;
  readonly peer: number;
}

/** The programs with these ports. */
function programs({ echo, page, peer }: Ports): string[] {
  return BLOCKS.map((code, at) => code.replace("8080", String(at === 2 ? peer : echo)).replace("8081", String(page)));
}

/** Puts the programs into a folder of their own. */
function write(name: string, ending: string, ports: Ports): string[] {
  const folder = path.join(PROJECT, "build", "tests", "readme", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return programs(ports).map((code, at) => {
    const file = path.join(folder, `program${at + 1}.${ending}`);
    writeFileSync(file, code);
    return file;
  });
}

/** Connects as soon as the server is there. */
async function connect(url: string): Promise<{ socket: WebSocket; next: () => Promise<string> }> {
  for (let turn = 0; ; turn++) {
    const socket = new WebSocket(url);
    const texts: string[] = [];
    socket.on("message", (data: Buffer) => {
      texts.push(data.toString());
      socket.emit("text");
    });
    try {
      await once(socket, "open");
      const next = async (): Promise<string> => {
        while (texts.length === 0) await once(socket, "text");
        return texts.shift() ?? "";
      };
      return { socket, next };
    } catch (error) {
      if (turn === 100) throw error;
      await letTimePass(100);
    }
  }
}

let peer: WebSocketServer;
let ports: Ports;

beforeAll(async () => {
  expect(BLOCKS.length).toBe(3);
  peer = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(peer, "listening");
});
afterAll(() => {
  for (const client of peer.clients) client.terminate();
  peer.close();
});

/** A run listens on ports of its own. */
async function choosePorts(): Promise<Ports> {
  const { port } = peer.address() as { port: number };
  return { echo: await findFreePort(), page: await findFreePort(), peer: port };
}

function testPrograms(): void {
  test("a server that answers", async () => {
    const { socket, next } = await connect(`ws://127.0.0.1:${ports.echo}/`);
    expect(await next()).toBe("There are 1 of you.");
    socket.send("hello");
    expect(await next()).toBe("You said: hello");
    socket.close();
    await once(socket, "close");
  });

  test("a web page and its WebSocket on one port", async () => {
    const { socket, next } = await connect(`ws://127.0.0.1:${ports.page}/chat`);
    const other = await connect(`ws://127.0.0.1:${ports.page}/chat`);
    socket.send("to all");
    expect(await next()).toBe("to all");
    expect(await other.next()).toBe("to all");
    const answer = await fetch(`http://127.0.0.1:${ports.page}/`);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await answer.text()).toContain("<title>Chat</title>");
    socket.terminate();
    other.socket.terminate();
  });

  test("a client that comes back after every loss of the connection", async () => {
    for (let turn = 0; turn < 2; turn++) {
      const [client] = [...peer.clients];
      const [socket] = client === undefined ? ((await once(peer, "connection")) as [WebSocket]) : [client];
      const answered = once(socket, "message");
      socket.send("There are 1 of you.");
      expect(String((await answered)[0])).toBe("hello from the client");
      socket.terminate();
      await once(socket, "close");
    }
  });
}

describe("the programs of README.md on Node.js", () => {
  let children: ChildProcess[] = [];

  beforeAll(async () => {
    ports = await choosePorts();
    const flags = ["--import", "tsx"];
    children = write("node", "mjs", ports).map((file) =>
      spawn(process.execPath, [...flags, file], { stdio: "inherit" }),
    );
  });
  afterAll(async () => {
    for (const child of children) {
      const ended = once(child, "close");
      if (child.kill()) await ended;
    }
    for (const client of peer.clients) client.terminate();
  });

  testPrograms();
});

const sdk = findSimulatorSdk();

describeIf(
  sdk !== undefined,
  "Linux with the Moddable SDK",
  "the programs of README.md on XS, in the simulator",
  () => {
    let simulator: Simulator | undefined;

    beforeAll(async () => {
      if (sdk === undefined) return;
      ports = await choosePorts();
      const files = write("xs", "js", ports);
      const folder = path.dirname(files[0] ?? "");
      const names = files.map((file) => `./${path.basename(file, ".js")}`);
      writeFileSync(path.join(folder, "main.js"), names.map((name) => `import "${name}";\n`).join(""));
      const parts = ["manifest_server.json", "manifest_client.json"];
      const own = parts.map((name) => path.relative(folder, path.join(PROJECT, "modules", name)));
      const include = ["$(MODDABLE)/examples/manifest_base.json", ...own];
      writeFileSync(
        path.join(folder, "manifest.json"),
        JSON.stringify({ include, modules: { "*": ["./main", ...names] } }),
      );
      simulator = await Simulator.start(sdk, folder);
    });
    afterAll(() => simulator?.stop());

    testPrograms();
  },
);
