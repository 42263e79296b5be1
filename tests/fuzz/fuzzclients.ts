/** Clients that connect to a hostile server again and again, and count. Runs on XS too. */

import { now } from "#platform";
import { ClientWebSocket, HandshakeError, WebSocketError, WebSocketState } from "xs-websockets/client";

/** The answer with which the server says that it is enough. */
export const ENOUGH = 410;

/** Limits that random streams meet now and then, and times that end what hangs. */
const OPTIONS = {
  ...{ maxMessageBytes: 400, maxReceiveFrameSize: 250, maxFragments: 12, maxQueueBytes: 2_000, maxHeadBytes: 700 },
  ...{ connectTimeout: 500, keepAliveInterval: 200, serverTimeout: 300, closeTimeoutMs: 300 },
} as const;

/** Where to connect, and by how many clients at the same time. */
export interface FuzzRequest {
  readonly port: number;
  readonly lanes: number;
}

/** What came of it. */
export interface FuzzFigures {
  readonly connects: number;
  /** How many of them were accepted. */
  readonly opened: number;
  readonly messages: number;
  readonly closedEvents: number;
  /** The longest time from `connect` to the closed event, in milliseconds. */
  readonly longestMs: number;
  /** What must not be: rejections that are no WebSocketError, states that are wrong. */
  readonly problems: readonly string[];
}

class FuzzCount {
  connects = 0;
  opened = 0;
  messages = 0;
  closedEvents = 0;
  longestMs = 0;
  readonly problems: string[] = [];
}

async function runLane(port: number, count: FuzzCount): Promise<void> {
  const client = new ClientWebSocket(OPTIONS);
  client.onMessageReceived = (sender, { frame }) => {
    count.messages++;
    if (sender.state === WebSocketState.Open) sender.sendString(frame.text);
  };
  for (;;) {
    const began = now();
    const closed = new Promise<void>((resolve) => {
      client.onConnectionClosed = () => {
        count.closedEvents++;
        resolve();
      };
    });
    count.connects++;
    try {
      await client.connect(`ws://127.0.0.1:${port}/`);
      count.opened++;
    } catch (error) {
      if (error instanceof HandshakeError && error.statusCode === ENOUGH) return;
      if (!(error instanceof WebSocketError)) count.problems.push(`connect rejects with ${String(error)}`);
    }
    await closed;
    count.longestMs = Math.max(count.longestMs, now() - began);
    if (client.state !== WebSocketState.Closed) count.problems.push(`the state is ${client.state}`);
  }
}

/** Connects until the server has enough. */
export async function runFuzzClients({ port, lanes }: FuzzRequest): Promise<FuzzFigures> {
  const count = new FuzzCount();
  await Promise.all(Array.from({ length: lanes }, () => runLane(port, count)));
  return count;
}
