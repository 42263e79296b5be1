/**
 * Libraries from npm, unchanged, over the WHATWG WebSocket. No API of Node or Jest: the tests run on XS too, against the
 * servers of servers.ts.
 */

import { install } from "xs-websockets/whatwg";
import type { Tests } from "../support/assertions.js";
import { graphqlTests } from "./graphql.js";
import { homeAssistantTests } from "./homeassistant.js";
import { reconnectingTests } from "./reconnecting.js";
import { signalrTests } from "./signalr.js";

/** Where the servers are. */
export interface LibrarySettings {
  readonly graphqlUrl: string;
  readonly homeAssistantUrl: string;
  readonly reconnectingUrl: string;
  /** That of a hub with the methods of tests/signalr/testhub.ts; several, apart by commas. */
  readonly hubUrls: string;
}

/** All tests that run on every host. The class becomes the global WebSocket. */
export function libraryTests(settings: LibrarySettings): Tests {
  install();
  return {
    ...graphqlTests(settings.graphqlUrl),
    ...reconnectingTests(settings.reconnectingUrl),
    ...homeAssistantTests(settings.homeAssistantUrl),
    ...Object.fromEntries(settings.hubUrls.split(",").flatMap((url, at) => Object.entries(signalrTests(url, at)))),
  };
}
