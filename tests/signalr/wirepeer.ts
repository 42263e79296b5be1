/** A client that writes what a test tells it to, to any hub, and tells what became of it. */

import { request } from "node:http";
import { WebSocket as WsClient } from "ws";

const HANDSHAKE = '{"protocol":"json","version":1}\x1e';
const PING = '{"type":6}';
/** A call that is made behind all else: its answer says that the connection lives. */
const PROBE = '{"type":1,"invocationId":"probe","target":"Add","arguments":[40,2]}\x1e';
const PROBED = '{"type":3,"invocationId":"probe","result":42}';
const REFUSED = '{"type":7,"error":"Connection closed with an error.","allowReconnect":true}';

/** What a client sends: one WebSocket message each, bytes as a binary one. */
export type Messages = readonly (string | Uint8Array)[];

/** How many calls with the id "a" want an answer. */
function countCalls(messages: Messages): number {
  const text = messages.map((message) => (typeof message === "string" ? message : "")).join("");
  return text.split("\x1e").filter((record) => /^\{"type":[14],.*"invocationId":"a"/.test(record)).length;
}

/**
 * Says what a hub answers.
 *
 * @param isHandshake whether the messages are the first of their connection; else a handshake goes before
 * @returns the records that came, then "goes on" where calls are still answered; "refused" for the end that a bad record has,
 *   "closed" for another
 */
export function answersTo(url: string, messages: Messages, isHandshake: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WsClient(url.replace("http", "ws"));
    const heard: string[] = [];
    let [text, missing, isAlive] = ["", countCalls(messages), false];
    const finish = (end: string): void => {
      socket.terminate();
      resolve([...heard, end].join(" "));
    };
    const take = (record: string): void => {
      if (record === PROBED) isAlive = true;
      else if (record !== PING && (isHandshake || record !== "{}")) heard.push(record);
      if (record.startsWith('{"type":3,"invocationId":"a"')) missing--;
    };
    socket.on("error", reject);
    socket.on("open", () => {
      for (const message of isHandshake ? messages : [HANDSHAKE, ...messages]) socket.send(message);
      socket.send(PROBE);
    });
    socket.on("message", (data: Buffer) => {
      text += data.toString();
      const records = text.split("\x1e");
      text = records.pop() ?? "";
      records.forEach(take);
      if (isAlive && missing <= 0) finish("goes on");
    });
    socket.on("close", (code) => {
      if (heard.at(-1) === REFUSED) heard.pop();
      else return finish(`closed ${code}`);
      finish("refused");
    });
  });
}

/** Says what a server answers to a request: its status, and the fields of a negotiation. @param method or "UPGRADE" */
export function statusOf(url: string, method: string, target: string): Promise<string> {
  const upgrade = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const isUpgrade = method === "UPGRADE";
  return new Promise((resolve, reject) => {
    const asked = request({
      port: new URL(url).port,
      host: "127.0.0.1",
      path: target,
      method: isUpgrade ? "GET" : method,
      headers: isUpgrade ? upgrade : { "Content-Length": 0 },
    });
    asked.on("error", reject);
    asked.on("upgrade", (_answer, socket) => {
      socket.destroy();
      resolve("101");
    });
    asked.on("response", (answer) => {
      let body = "";
      answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
      answer.on("end", () => resolve(`${answer.statusCode} ${negotiated(body)}`.trim()));
    });
    asked.end();
  });
}

function negotiated(body: string): string {
  if (!body.startsWith("{")) return "";
  const { negotiateVersion, ...fields } = JSON.parse(body) as { readonly negotiateVersion?: number };
  return [...(negotiateVersion === undefined ? [] : [`version ${negotiateVersion}`]), ...Object.keys(fields)].join(" ");
}
