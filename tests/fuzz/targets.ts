/** What is fuzzed, each as a function from chunks to a record of all that came of them. */

import { AnswerReader } from "../../modules/http/answer.js";
import { HttpExchange } from "../../modules/http/exchange.js";
import { WebSocketServer } from "../../modules/server.js";
import { type Role } from "../../modules/common/constants.js";
import { HandshakeError } from "../../modules/common/errors.js";
import { checkUpgradeAnswer, UPGRADE_ANSWER_FIELDS } from "../../modules/handshake/client.js";
import { CONNECTION_DEFAULTS } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { FakeSocket } from "../support/fakesocket.js";
import { describeBytes, joined } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";

/** Limits that random streams meet now and then. */
export const LIMITS = {
  maxMessageBytes: 400,
  maxReceiveFrameSize: 250,
  maxFragments: 12,
  maxQueueBytes: 2_000,
} as const;
const MAX_HEAD_BYTES = 700;

/** The largest buffer that anything here may ask for: a message whose buffer was just doubled, and a header. */
export const MAX_ALLOCATION = 2 * Math.max(LIMITS.maxMessageBytes, MAX_HEAD_BYTES) + 14;

/** Feeds frames to a connection. */
export function readFrames(role: Role, deliverFragments: boolean, chunks: readonly Uint8Array[]): string {
  const owner = new RecordingOwner();
  const protocol = new Protocol(role, { ...CONNECTION_DEFAULTS, ...LIMITS, deliverFragments }, owner, owner, 0);
  for (const chunk of chunks) protocol.receive(chunk, 0);
  const { status, description, wasClean, error } = protocol.outcome;
  return [...owner.events, `${protocol.state} ${status} ${description} ${String(wasClean)} ${error?.code ?? ""}`].join(
    " | ",
  );
}

/** Feeds a request to a server, until it answers. */
export function readRequest(chunks: readonly Uint8Array[]): string {
  const server = new WebSocketServer({ isStandAlone: false, subprotocols: ["chat"] });
  void server.start();
  const socket = new FakeSocket();
  const exchange = new HttpExchange(
    socket,
    { maxHeadBytes: MAX_HEAD_BYTES, maxKeptHeadBytes: MAX_HEAD_BYTES, keptHeaders: [], requestTimeoutMs: 1_000 },
    {
      requestReceived: (context) => void server.addWebSocket(context),
      takeSpare: () => false,
      headRefused: () => undefined,
      ended: () => undefined,
    },
  );
  for (const chunk of chunks) {
    exchange.received(chunk);
    if (socket.written.length > 0) break;
  }
  exchange.abort();
  server.abort();
  return new TextDecoder().decode(joined(socket.written));
}

/** Feeds an answer to an upgrade to what a client reads it with. */
export function readAnswer(chunks: readonly Uint8Array[]): string {
  const reader = new AnswerReader({
    wantedStatus: 101,
    maxHeadBytes: MAX_HEAD_BYTES,
    neededFields: UPGRADE_ANSWER_FIELDS,
    maxBodyBytes: 0,
  });
  const refusal = (): string => {
    const { statusCode, headers, body } = reader.answer;
    return `${statusCode} ${headers.keys().join()} ${describeBytes(body)}`;
  };
  try {
    for (const chunk of chunks) {
      if (!reader.read(chunk)) continue;
      if (reader.isRefusal) return refusal();
      const { headers } = reader.answer;
      return `101 ${String(checkUpgradeAnswer(headers, "dGhlIHNhbXBsZSBub25jZQ==", ["chat"]).subprotocol)} ${headers.keys().join()}`;
    }
    return reader.isRefusal ? refusal() : "more is to come";
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    return reader.isRefusal ? refusal() : `${error.statusCode} ${error.message}`;
  }
}
