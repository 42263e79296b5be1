/** What ClientWebSocket makes of the answers to its upgrade, on every host. */

import { now } from "#platform";
import { HandshakeError } from "xs-websockets/client";
import { assert, assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { Session, type SuiteSettings } from "./suitesession.js";
import { letTimePass } from "../support/waiting.js";

/** Answers to an upgrade, by the path that asks for them, with the status and a part of the message of the error. */
const ANSWERS: readonly (readonly [path: string, statusCode: number, message: string])[] = [
  ["404", 404, "404"],
  ["chunked", 500, "500"],
  ["trailer", 401, "Body: login"],
  ["halfbody", 401, "Body: half"],
  ["nobody", 201, "201 Created"],
  ["tls", 0, "wss://"],
  ["endless", 200, "200"],
  ["garbage", 0, "cannot be read"],
  ["http10", 101, "HTTP/1.1"],
  ["longhead", 101, "maxHeadBytes"],
  ["badheader", 101, "header field"],
  ["noupgrade", 101, "Upgrade"],
  ["noconnection", 101, "Connection"],
  ["wrongaccept", 101, "Sec-WebSocket-Accept"],
  ["extension", 101, "extension"],
  ["subprotocol", 101, "subprotocol"],
  ["hintsforever", 0, "interim"],
];

/** Answers that are refusals, and what else becomes of an attempt. */
export function answerTests({ ports }: SuiteSettings): Tests {
  const answers = `ws://127.0.0.1:${ports.answers}`;
  const refusals = ANSWERS.map(([path, statusCode, message]) => [
    `the answer ${path} is a HandshakeError`,
    async () => {
      const startedAt = now();
      // Not at connectTimeout, which is far away.
      const error = await new Session({ connectTimeout: 60_000 }).failure(`${answers}/${path}`, "ERR_HANDSHAKE");
      assert(now() - startedAt < 30_000, `it took ${now() - startedAt} ms`);
      assert(error instanceof HandshakeError, "it is no HandshakeError");
      assertEqual(error.statusCode, statusCode, "statusCode");
      assert(error.message.includes(message), error.message);
      if (path === "404") {
        assertEqual(error.answer?.body, "not here", "body");
        assertEqual(error.answer?.headers.get("X-Reason"), "lost", "header");
      }
      if (path === "chunked") assertEqual(error.answer?.body, "in chunks", "body");
    },
  ]);
  return {
    ...(Object.fromEntries(refusals) as Tests),
    "a URI and headers that are wrong reject at once, without an event": async () => {
      const session = new Session();
      for (const attempt of [
        () => session.client.connect("http://127.0.0.1/"),
        () => session.client.connect("ws://127.0.0.1/", { "X-A": "b\r\nX-C: d" }),
        () => session.client.connect("ws://127.0.0.1/", { Upgrade: "b" }),
      ])
        assertEqual(await attempt().then(() => "", codeOf), "ERR_OPTION", "code");
      assertEqual(session.events.length, 0, "events");
    },
    "a port that nobody listens on is refused": async () => {
      await new Session().failure(`ws://127.0.0.1:${ports.closed}/`, "ECONNREFUSED");
    },
    "a name without address is not found": async () => {
      await new Session().failure(`ws://${"x".repeat(64)}.invalid/`, "ENOTFOUND");
    },
    "silence, and half an answer, end at connectTimeout": async () => {
      for (const path of ["silent", "half"])
        await new Session({ connectTimeout: 300 }).failure(`${answers}/${path}`, "ERR_TIMEOUT");
    },
    "a server that ends TCP instead of an answer is a NetworkError": async () => {
      const error = await new Session().client.connect(`${answers}/end`).then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      assertEqual(error?.name, "NetworkError", "name");
      assert(error?.message.includes("without an answer") === true, error?.message ?? "");
    },
    "close and abort while it connects end it at once": async () => {
      for (const waitMs of [0, 100]) {
        for (const end of ["close", "abort"] as const) {
          const session = new Session();
          const code = session.client.connect(`${answers}/silent`).then(() => "", codeOf);
          if (waitMs > 0) await letTimePass(waitMs);
          session.client[end]();
          assertEqual(session.events.join(), "closed 1006 unclean ERR_ABORTED", "events");
          assertEqual(await code, "ERR_ABORTED", "code");
        }
      }
      await letTimePass(100);
    },
    "fields of 4 KiB in the answer, and those that are asked for": async () => {
      const session = new Session({ collectHttpResponseDetails: true });
      await session.client.connect(`${answers}/bigfield`);
      await session.until("text big");
      assertEqual(session.client.httpResponseHeaders?.getAll("set-cookie").join(), "a=1,b=2", "cookies");
      session.client.abort();
    },
    "an answer whose lines end with LF": async () => {
      const session = new Session();
      await session.client.connect(`${answers}/lf`);
      await session.until("text lf");
      assertEqual(session.client.httpResponseHeaders, undefined, "headers that nobody asked for");
      session.client.abort();
    },
    "a Host of one's own choice": async () => {
      const session = new Session();
      await session.client.connect(`${answers}/host`, { Host: "virtual.example:81" });
      await session.until("text virtual.example:81");
      session.client.abort();
    },
  };
}
