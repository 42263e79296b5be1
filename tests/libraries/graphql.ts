/** graphql-ws: the client of GraphQL over WebSocket. */

import { createClient, type Client, type SubscribePayload } from "graphql-ws/client";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { eventually } from "../support/waiting.js";

/**
 * What an operation gives, and with `most` no more than so many values.
 *
 * The library's own `iterate` needs an engine whose built-ins may be shadowed by assignment: on XS they are frozen.
 */
function valuesOf<Data>(client: Client, payload: SubscribePayload, most = Infinity): Promise<readonly Data[]> {
  return new Promise((resolve, reject) => {
    const values: Data[] = [];
    const unsubscribe = client.subscribe<Data>(payload, {
      next({ data }) {
        // More may be on its way.
        if (data === null || data === undefined || values.length === most || values.push(data) !== most) return;
        unsubscribe();
        resolve(values);
      },
      error: reject,
      complete: () => resolve(values),
    });
  });
}

async function ask(client: Client, query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const values = await valuesOf<unknown>(client, { query, variables });
  assertEqual(values.length, 1, "results");
  return values[0];
}

/** The first numbers of the subscription that counts. */
async function countTo(client: Client, limit: number, most?: number): Promise<readonly number[]> {
  const query = "subscription ($limit: Int!) { count(limit: $limit) }";
  const values = await valuesOf<{ readonly count: number }>(client, { query, variables: { limit } }, most);
  return values.map(({ count }) => count);
}

export function graphqlTests(url: string): Tests {
  return {
    "graphql-ws: a query, with text of every kind": async () => {
      const client = createClient({ url });
      const answer = await ask(client, "query ($text: String!) { echo(text: $text) }", { text: "ü€😀".repeat(500) });
      assertEqual(JSON.stringify(answer), JSON.stringify({ echo: "ü€😀".repeat(500) }), "echo");
      await client.dispose();
    },
    "graphql-ws: several subscriptions over one connection": async () => {
      const client = createClient({ url, lazy: false, onNonLazyError: () => undefined });
      const counts = await Promise.all([countTo(client, 3), countTo(client, 20), countTo(client, 0)]);
      assertEqual(counts.map((values) => values.join("")).join(), "012,012345678910111213141516171819,", "counts");
      assertEqual((await countTo(client, 1_000_000, 4)).join(), "0,1,2,3", "one that is left");
      // It is over at the server, too, once that has got the Complete and has ended its generator.
      await eventually(
        async () => JSON.stringify(await ask(client, "{ subscriptions }")) === '{"subscriptions":0}',
        "the end of a subscription that was left",
      );
      await client.dispose();
    },
    "graphql-ws: it connects again when the server has gone, and subscribes again": async () => {
      const events: string[] = [];
      const client = createClient({
        url,
        retryAttempts: 3,
        retryWait: () => Promise.resolve(),
        on: {
          connected: () => events.push("connected"),
          closed: (event) => events.push(`closed ${String((event as { code?: unknown }).code)}`),
        },
      });
      assertEqual((await countTo(client, 2)).join(), "0,1", "before");
      await ask(client, "mutation { lose }").catch(() => undefined);
      assertEqual((await countTo(client, 2)).join(), "0,1", "after");
      await client.dispose();
      assertEqual(events.filter((event) => event === "connected").length >= 2, true, events.join());
    },
    "graphql-ws: an error of the server's is told": async () => {
      const client = createClient({ url });
      let error: unknown;
      try {
        await ask(client, "{ nonsense }");
      } catch (reason) {
        error = reason;
      }
      assert(JSON.stringify(error).includes("Cannot query field"), `error ${JSON.stringify(error)}`);
      await client.dispose();
    },
  };
}
