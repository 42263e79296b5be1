/** `ws` as the peer of compressed messages, in both roles. */

import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer, type PerMessageDeflateOptions } from "ws";
import { ClientWebSocket, type PermessageDeflateOptions } from "xs-websockets/client";
import { WebSocketServer as TestedServer } from "xs-websockets/server";
import type { Case, Message, Side } from "./case.js";
import { countOf, DATA, SIZES } from "./deflatedata.js";
import { answer } from "./echo.js";
import { NODE_PACE } from "./peer.js";
import { PROFILES } from "./profiles.js";
import { inParallel, messageOf, type Result } from "./script.js";

const EXTENSION = "permessage-deflate";
const TIMEOUT_MS = 20_000;
const HOST = "127.0.0.1";

type Parameters = Pick<
  Required<PermessageDeflateOptions>,
  "serverNoContextTakeover" | "clientNoContextTakeover" | "serverMaxWindowBits" | "clientMaxWindowBits"
>;

/** What is said on a connection; the server wants the parameters. */
interface Talk {
  readonly name: string;
  readonly wanted: Partial<Parameters>;
  readonly messages: readonly (readonly [message: Message, fragmentBytes: number])[];
}

/** Every kind of data in all sizes, all at once. */
function sizes(): Talk[] {
  return DATA.map((data) => ({
    name: `${data.name} in all sizes`,
    wanted: {},
    messages: SIZES.flatMap(([size, fragmentBytes]) =>
      Array.from({ length: Math.min(3, countOf(size)) }, (_, at) => [data.message(size, at), fragmentBytes] as const),
    ),
  }));
}

function parameters(): Talk[] {
  const [json, , prose] = DATA;
  const messages = [json.message(3_000, 0), json.message(3_000, 0), prose.message(700, 1), json.message(40_000, 2)];
  const flags = [false, true];
  const bits = [15, 8, 9, 12];
  const all = flags.flatMap((serverNoContextTakeover) =>
    flags.flatMap((clientNoContextTakeover) =>
      bits.flatMap((serverMaxWindowBits) =>
        bits.map((clientMaxWindowBits): Partial<Parameters> => ({
          ...(serverNoContextTakeover ? { serverNoContextTakeover } : {}),
          ...(clientNoContextTakeover ? { clientNoContextTakeover } : {}),
          ...(serverMaxWindowBits < 15 ? { serverMaxWindowBits } : {}),
          ...(clientMaxWindowBits < 15 ? { clientMaxWindowBits } : {}),
        })),
      ),
    ),
  );
  return all.map((wanted) => ({
    ...{ name: formatOf(wanted), wanted },
    messages: messages.flatMap((message) => [[message, 0] as const, [message, 500] as const]),
  }));
}

/** As it is agreed on. */
function formatOf(wanted: Partial<Parameters>): string {
  const { serverMaxWindowBits, clientMaxWindowBits } = wanted;
  const parts = [
    EXTENSION,
    wanted.serverNoContextTakeover === true ? "server_no_context_takeover" : "",
    wanted.clientNoContextTakeover === true ? "client_no_context_takeover" : "",
    serverMaxWindowBits === undefined ? "" : `server_max_window_bits=${serverMaxWindowBits}`,
    clientMaxWindowBits === undefined ? "" : `client_max_window_bits=${clientMaxWindowBits}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function send(socket: WebSocket, { isText, bytes }: Message, fragmentBytes: number): void {
  const size = fragmentBytes === 0 ? bytes.length : fragmentBytes;
  for (let at = 0; at < bytes.length; at += size)
    socket.send(bytes.subarray(at, at + size), { binary: !isText, fin: at + size >= bytes.length });
}

/** Sends each message, and waits until it has come back. @throws Error where one is not what it was */
async function converse(socket: WebSocket, messages: Talk["messages"]): Promise<void> {
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`${why} after ${count} of ${messages.length} messages`));
    };
    const timer = setTimeout(fail, TIMEOUT_MS, "nothing more comes back");
    const sendNext = (): void => {
      const next = messages[count];
      if (next !== undefined) return send(socket, ...next);
      clearTimeout(timer);
      resolve();
    };
    socket.on("error", (error) => fail(error.message));
    socket.on("close", (code) => fail(`closed with ${code}`));
    socket.on("message", (data: Buffer, isBinary) => {
      const [message] = messages[count++] ?? [];
      if (message?.isText !== !isBinary || Buffer.compare(data, message.bytes) !== 0) fail("not what was sent");
      else sendNext();
    });
    sendNext();
  });
  const closed = new Promise<number>((resolve) => socket.removeAllListeners("close").once("close", resolve));
  socket.close(1_000);
  const status = await closed;
  if (status !== 1_000) throw new Error(`closed with ${status}`);
}

/** `ws` as client of a tested server. */
async function testServer({ wanted, messages }: Talk): Promise<void> {
  const server = new TestedServer({
    ...PROFILES.deflate,
    ...{ address: HOST, port: 0, permessageDeflate: { ...wanted, threshold: 0 } },
    onMessageReceived: (_server, e) => answer(e),
  });
  await server.start();
  const options: PerMessageDeflateOptions = { threshold: 0 };
  const socket = new WebSocket(`ws://${HOST}:${server.port}/`, { perMessageDeflate: options });
  try {
    const agreed = new Promise((resolve, reject) => {
      socket.once("upgrade", ({ headers }) => resolve(headers["sec-websocket-extensions"])).once("error", reject);
    });
    const opened = new Promise((resolve) => socket.once("open", resolve));
    if ((await agreed) !== formatOf(wanted)) throw new Error(`it agreed to ${String(await agreed)}`);
    await opened;
    await converse(socket, messages);
  } finally {
    socket.terminate();
    server.abort();
  }
}

/** `ws` as server of a tested client. */
async function testClient({ wanted, messages }: Talk): Promise<void> {
  const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate: { ...wanted, threshold: 0 } });
  const client = new ClientWebSocket({ ...PROFILES.deflate, onMessageReceived: (_client, e) => answer(e) });
  try {
    await new Promise((resolve) => server.once("listening", resolve));
    const connected = new Promise<WebSocket>((resolve) => server.once("connection", resolve));
    await client.connect(`ws://${HOST}:${(server.address() as AddressInfo).port}/`);
    if (client.extensions !== formatOf(wanted)) throw new Error(`it agreed to ${client.extensions}`);
    await converse(await connected, messages);
  } finally {
    client.abort();
    server.close();
  }
}

/** Runs all talks with the tested side. */
export async function runWsCases(side: Side): Promise<Result[]> {
  const results: Result[] = [];
  await inParallel([...sizes(), ...parameters()], NODE_PACE, async (talk) => {
    const row: Case = {
      ...{ group: "permessage-deflate: ws as the peer", name: talk.name, side, profile: "deflate", steps: [] },
      handshake: { kind: "none" },
    };
    try {
      await (side === "server" ? testServer(talk) : testClient(talk));
      results.push({ case: row, problem: undefined });
    } catch (error) {
      results.push({ case: row, problem: messageOf(error) });
    }
  });
  return results;
}
