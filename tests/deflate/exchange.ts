/** Our client with a compressing echo server, whoever wrote that. */

import { ClientWebSocket, WebSocketMessageType, type ClientWebSocketOptions } from "xs-websockets/client";
import { bytesOf, Inbox, isSame, SIZES, textOf } from "../interop/peer.js";

/** What was agreed on. */
export interface Exchanged {
  readonly extensions: string;
}

/** Messages of all sizes but the largest: a text, bytes that compress, and bytes that do not. */
const MESSAGES: readonly (string | Uint8Array)[] = SIZES.filter((size) => size < 100_000).flatMap((size) => [
  textOf(size),
  bytesOf(size),
  noise(size),
]);

/** Bytes that do not compress. */
function noise(size: number): Uint8Array {
  let state = size + 1;
  return Uint8Array.from({ length: size }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
}

/** Sends all of them, alone, in fragments, and at once. @throws Error where one does not come back as it was */
export async function exchange(url: string, options: ClientWebSocketOptions): Promise<Exchanged> {
  const inbox = new Inbox<string | Uint8Array>();
  const client = new ClientWebSocket({
    maxMessageBytes: 2 ** 21,
    maxQueueBytes: 2 ** 23,
    ...options,
    onMessageReceived: (_sender, { frame }) =>
      inbox.put(frame.messageType === WebSocketMessageType.Text ? frame.text : frame.buffer),
  });
  const closed = new Promise<{ readonly wasClean: boolean }>((resolve) => {
    client.onConnectionClosed = (_sender, e) => resolve(e);
  });
  await client.connect(url);
  const send = (message: string | Uint8Array, fragmentSize?: number): boolean =>
    typeof message === "string" ? client.sendString(message, fragmentSize) : client.sendBytes(message, fragmentSize);
  const check = async (message: string | Uint8Array): Promise<void> => {
    if (!isSame(await inbox.next(), message)) throw new Error(`${message.length} did not come back as they were`);
  };
  for (const message of MESSAGES) {
    send(message);
    await check(message);
    send(message, 1_000);
    client.ping();
    await check(message);
  }
  for (const message of MESSAGES) if (!send(message)) throw new Error("the queue is full");
  for (const message of MESSAGES) await check(message);
  client.close();
  if (!(await closed).wasClean) throw new Error("it was not closed properly");
  return { extensions: client.extensions };
}
