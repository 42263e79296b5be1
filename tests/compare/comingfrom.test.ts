/** The programs of docs/coming-from/ do on Node.js what those did that they were written for. Only their ports are others. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { WebSocket } from "ws";
import { PROJECT, readText } from "../project/sources.js";
import { findFreePort } from "../support/apps.js";
import { writeWhole } from "../support/building.js";
import { codeBlocks } from "../support/documentation.js";
import { letTimePass } from "../support/waiting.js";

const FOLDER = path.join(PROJECT, "build", "tests", "comingfrom");

let child: ChildProcess;
let port: number;
let sockets: WebSocket[] = [];

/** Starts the program of a page. */
async function start(page: string): Promise<void> {
  const [code = ""] = codeBlocks(readText(`docs/coming-from/${page}.md`), "ts");
  expect(code).toContain("port: 8080");
  port = await findFreePort();
  mkdirSync(FOLDER, { recursive: true });
  const file = path.join(FOLDER, `${page}.ts`);
  writeWhole(file, code.replace("8080", port.toString()));
  child = spawn(process.execPath, ["--import", "tsx", file], { cwd: PROJECT, stdio: "inherit" });
}

/** Connects as soon as the program listens. */
async function connect(): Promise<WebSocket> {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("open", () => {
        resolve(true);
      });
      socket.once("error", () => {
        resolve(false);
      });
    });
    if (isOpen) {
      sockets.push(socket);
      return socket;
    }
    await letTimePass(20);
  }
}

async function next(socket: WebSocket): Promise<string> {
  const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
  return isBinary ? `bytes ${data.toString("hex")}` : data.toString();
}

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  sockets = [];
  const ended = once(child, "close");
  if (child.kill()) await ended;
});

test("ws: a chat, where everybody reads everything", async () => {
  await start("ws");
  const [one, other] = [await connect(), await connect()];
  const received = Promise.all([next(one), next(other)]);
  one.send("to all");
  expect(await received).toEqual(["to all", "to all"]);
});

test("the SDK's websocket: an echo of texts and bytes", async () => {
  await start("moddable");
  const socket = await connect();
  socket.send("aé😀");
  expect(await next(socket)).toBe("aé😀");
  socket.send(Buffer.from("00ff", "hex"));
  expect(await next(socket)).toBe("bytes 00ff");
});

test("nanoFramework: a page, an answer, and a broadcast on one port", async () => {
  await start("nanoframework");
  const [one, other] = [await connect(), await connect()];
  one.send("hello");
  expect(await next(one)).toBe("You said: hello");
  const received = Promise.all([next(one), next(other)]);
  other.send(Buffer.from("010203", "hex"));
  expect(await received).toEqual(["bytes 010203", "bytes 010203"]);
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect([answer.headers.get("content-type"), await answer.text()]).toEqual(["text/html", "<h1>A page</h1>"]);
});
