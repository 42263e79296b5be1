/** What a HubConnection makes of the answers to its negotiation. Runs on XS too, with negotiationserver.ts on Node.js. */

import { now } from "#platform";
import { HubConnection, type HubConnectionOptions, NegotiationError } from "xs-websockets/signalr/client";
import { assert, assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { failureOf } from "./clientsuite.js";

/** @param url that of the server */
export function negotiationTests(url: string): Tests {
  const create = (hub: string, options: HubConnectionOptions = {}): HubConnection =>
    new HubConnection(url + hub, { negotiate: true, ...options });
  const connects =
    (hub: string, options: HubConnectionOptions = {}) =>
    async (): Promise<void> => {
      const connection = create(hub, options);
      // Twice, since what the first attempt was told is not to stay.
      for (let turn = 0; turn < 2; turn++) {
        await connection.start();
        await connection.stop();
      }
    };
  const fails =
    (hub: string, statusCode: number, ...parts: readonly string[]) =>
    async (): Promise<void> => {
      const startedAt = now();
      const error = await failureOf(create(hub).start());
      assert(now() - startedAt < 30_000, `it took ${now() - startedAt} ms`);
      assert(error instanceof NegotiationError, `it is a ${error.name}: ${error.message}`);
      assertEqual(error.statusCode, statusCode, error.message);
      for (const part of parts) assert(error.message.includes(part), error.message);
    };
  return {
    "interim answers (1xx) are passed over": connects("interim"),
    "an answer in chunks, with a trailer": connects("chunked"),
    "the cookies of a negotiation go along, and each has its own": connects("sticky"),
    "the caller's own cookies stay": connects("own", { headers: { Cookie: "mine=1; SERVER=0" } }),
    "fields of 6 KB that do not count": connects("bigheaders"),
    "a redirection by HTTP, with cookies": connects("moved"),
    "another host is told nothing of what is for this one": connects("elsewhere", {
      headers: { Cookie: "mine=1", Host: "virtual.example" },
      accessTokenFactory: () => "old",
    }),
    "no token, and none at all": async () => {
      for (const token of [null, undefined, ""])
        for (const negotiate of [true, false])
          await connects("tokenless", { negotiate, accessTokenFactory: () => Promise.resolve(token) })();
    },
    "a token that is no text": async () => {
      const error = await failureOf(create("plain", { accessTokenFactory: () => 5 as never }).start());
      assertEqual(codeOf(error), "ERR_OPTION", error.message);
    },
    "a refusal in chunks whose trailer does not end": fails(
      "trailer",
      401,
      "401 Unauthorized",
      "www-authenticate: Bearer",
      "no token",
    ),
    "a refusal whose body does not come whole": fails("half", 401, "401", "half of it"),
    "a hub that is none": fails("nothing", 404, "404 Not Found: is there a hub at this URL?"),
    "a page that wants a login": fails("login", 302, "/Account/Login", "login"),
    "an answer that is too large": fails("large", 200, "more than 8192 bytes"),
    "an answer that ends too soon": async () => {
      const error = await failureOf(create("truncated").start());
      assertEqual(error.name, "NetworkError", "name");
      assert(error.message.includes("ended within the answer"), error.message);
    },
  };
}
