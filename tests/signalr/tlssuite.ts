/** What a HubConnection does with hubs over TLS. Runs on XS too. */

import { HubConnection, HubConnectionState } from "xs-websockets/signalr/client";
import { assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { failureOf } from "./clientsuite.js";

/** The hubs, with https:// URLs. */
export interface TlsSuite {
  readonly url: string;
  /** One whose certificate is of another authority. */
  readonly untrustedUrl: string;
  /** The authority of the first, DER. */
  readonly authority: Uint8Array;
}

/** The tests. */
export function tlsTests({ url, untrustedUrl, authority }: TlsSuite): Tests {
  return {
    "https and wss are the same, negotiated or not": async () => {
      for (const target of [url, url.replace("https:", "wss:")]) {
        for (const negotiate of [false, true]) {
          const connection = new HubConnection(target, { certificate: authority, negotiate });
          await connection.start();
          assertEqual(connection.uri.slice(0, 6), "wss://", "the scheme");
          assertEqual(await connection.invoke("Add", 1, 2), 3, "the sum");
          assertEqual(connection.connectionId !== undefined, negotiate, "whether there is an id");
          await connection.stop();
        }
      }
    },
    "a certificate that is not trusted is a TlsError, negotiated or not": async () => {
      for (const negotiate of [false, true]) {
        for (const options of [{ certificate: authority }, {}]) {
          const connection = new HubConnection(untrustedUrl, { ...options, negotiate });
          const error = await failureOf(connection.start());
          assertEqual(error.name, "TlsError", "the error");
          assertEqual(codeOf(error), "ETLSUNTRUSTED", "its code");
          assertEqual(connection.state, HubConnectionState.Disconnected, "the state");
        }
      }
    },
    "a certificate for another name is a TlsError, negotiated or not": async () => {
      for (const negotiate of [false, true]) {
        const serverName = "other.example";
        const connection = new HubConnection(url, { certificate: authority, serverName, negotiate });
        assertEqual(codeOf(await failureOf(connection.start())), "ETLSHOSTNAME", "the code");
      }
    },
    "a TLS connection that is lost is tried again": async () => {
      const connection = new HubConnection(url, {
        certificate: authority,
        negotiate: true,
        automaticReconnect: [0],
        serverTimeout: 1_000,
      });
      await connection.start();
      const first = connection.connectionId;
      const again = await new Promise<string | undefined>((resolve) => (connection.onreconnected = resolve));
      assertEqual(again === first, false, "whether the id is the same");
      await connection.stop();
    },
  };
}
