/** @microsoft/signalr, which is given the class by its option `WebSocket`. The hub has the methods of tests/signalr/testhub.ts. */

import { WebSocket } from "xs-websockets/whatwg";
import * as signalR from "@microsoft/signalr";
import { assertEqual, type Tests } from "../support/assertions.js";

/** Without a negotiation there is no request of HTTP; but the library wants to be given a client, or fetch. */
class NoHttp extends signalR.HttpClient {
  override send(): Promise<signalR.HttpResponse> {
    return Promise.reject(new Error("no request is expected"));
  }
}

async function connect(url: string): Promise<signalR.HubConnection> {
  const options: signalR.IHttpConnectionOptions & { readonly WebSocket: unknown } = {
    skipNegotiation: true,
    transport: signalR.HttpTransportType.WebSockets,
    httpClient: new NoHttp(),
    // On Node.js it would take `ws`, else the global one.
    WebSocket,
  };
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(url, options)
    .configureLogging(signalR.LogLevel.None)
    .build();
  await connection.start();
  return connection;
}

function itemsOf(stream: signalR.IStreamResult<unknown>): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  return new Promise((resolve, reject) => {
    stream.subscribe({ next: (item) => items.push(item), complete: () => resolve(items), error: reject });
  });
}

/** @param url that of a hub @param at its number, for the names of the tests */
export function signalrTests(url: string, at: number): Tests {
  const name = `@microsoft/signalr, hub ${at}`;
  return {
    [`${name}: calls and what they answer`]: async () => {
      const connection = await connect(url);
      assertEqual(await connection.invoke("Add", 1, 2), 3, "Add");
      const text = "ü€😀".repeat(500);
      assertEqual(await connection.invoke("Echo", text), text, "Echo");
      const sums = await Promise.all(Array.from({ length: 20 }, (_, one) => connection.invoke("Add", one, 1)));
      assertEqual(sums.join(), Array.from({ length: 20 }, (_, one) => one + 1).join(), "many at once");
      const failure = await connection.invoke("Fail", "why").then(String, (error: unknown) => String(error));
      assertEqual(failure.includes("why"), true, failure);
      await connection.stop();
      assertEqual(connection.state, signalR.HubConnectionState.Disconnected, "state");
    },
    [`${name}: streams both ways`]: async () => {
      const connection = await connect(url);
      assertEqual((await itemsOf(connection.stream("Count", 5, 0))).join(), "0,1,2,3,4", "Count");
      const subject = new signalR.Subject<number>();
      const sum = connection.invoke("Sum", subject);
      for (let item = 0; item < 10; item++) subject.next(item);
      subject.complete();
      assertEqual(await sum, 45, "Sum");
      await connection.stop();
    },
  };
}
