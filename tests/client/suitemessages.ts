/** Messages that are read in a loop, on every host. */

import { ClientWebSocket, type MessageReceivedFrame } from "xs-websockets/client";
import { messages } from "xs-websockets/messages";
import { assert, assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";
import type { SuiteSettings } from "./suitesession.js";

async function textsOf(loop: AsyncIterable<MessageReceivedFrame>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of loop) texts.push(text);
  return texts;
}

export function messagesTests({ ports }: SuiteSettings): Tests {
  const answers = `ws://127.0.0.1:${ports.answers}`;
  const echo = `ws://127.0.0.1:${ports.echo}/`;
  return {
    "messages(): a loop reads all of them, and ends with the connection": async () => {
      const client = new ClientWebSocket();
      let ends = 0;
      client.onConnectionClosed = () => {
        ends++;
      };
      const loop = messages(client);
      await client.connect(echo);
      for (const text of ["a", "b", "close"]) client.sendString(text);
      assertEqual((await textsOf(loop)).join(), "a,b", "texts");
      assertEqual(client.closeStatus, 4_321, "closeStatus");
      assertEqual(ends, 1, "onConnectionClosed");
      assert((await loop.next()).done === true, "the loop is over");
    },
    "messages(): who reads slowly holds the peer up, and loses nothing": async () => {
      const client = new ClientWebSocket();
      await client.connect(echo);
      const loop = messages(client);
      for (let turn = 0; turn < 60; turn++) client.sendString(`${turn}`);
      await eventually(() => client.isPaused, "the pause");
      let next = 0;
      for await (const { text } of loop) {
        assertEqual(text, `${next++}`, "text");
        if (next % 20 === 0) await letTimePass(20);
        if (next === 60) break;
      }
      await eventually(() => client.closeStatus !== undefined, "the close");
      assertEqual(client.closeStatus, 1_000, "a loop that is left closes the connection");
    },
    "messages(): bytes count, too": async () => {
      const client = new ClientWebSocket();
      await client.connect(echo);
      const loop = messages(client, 2_000);
      for (let turn = 0; turn < 6; turn++) client.sendBytes(new Uint8Array(900).fill(turn));
      await eventually(() => client.isPaused, "the pause");
      for (let turn = 0; turn < 6; turn++) {
        const { value } = await loop.next();
        assertEqual(`${value?.buffer[899]} ${value?.messageLength}`, `${turn} 900`, "message");
      }
      client.abort();
      assert((await loop.next()).done === true, "abort() ends the loop");
    },
    "messages(): a failure comes behind the messages": async () => {
      const client = new ClientWebSocket();
      const loop = messages(client);
      await client.connect(`${answers}/vanish`);
      const error = await loop.next().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assertEqual(codeOf(error), "ERR_NETWORK", "code");
      assert((await loop.next()).done === true, "it is told once");
    },
    "messages(): one loop, or a handler": () => {
      const client = new ClientWebSocket();
      const refused = (): unknown => {
        try {
          messages(client);
        } catch (error) {
          return codeOf(error);
        }
        return undefined;
      };
      client.onMessageReceived = () => undefined;
      assertEqual(refused(), "ERR_INVALID_STATE", "beside a handler");
      client.onMessageReceived = undefined;
      messages(client);
      assertEqual(refused(), "ERR_INVALID_STATE", "beside a loop");
    },
    "messages(): a loop that reads what an ended connection has left leaves the next one alone": async () => {
      const client = new ClientWebSocket();
      const loop = messages(client);
      await client.connect(echo);
      for (const text of ["a", "b", "close"]) client.sendString(text);
      await eventually(() => client.closeStatus !== undefined, "the close");
      await client.connect(echo);
      client.pause();
      const texts: string[] = [];
      for await (const { text } of loop) {
        texts.push(text);
        if (text === "b") break;
      }
      assertEqual(texts.join(), "a,b", "texts");
      assert(client.isPaused, "the next connection is still paused");
      client.abort();
    },
    "messages(): several wait for one message each": async () => {
      const client = new ClientWebSocket();
      await client.connect(echo);
      const loop = messages(client);
      const waiting = [loop.next(), loop.next(), loop.next()];
      client.sendString("a");
      client.sendString("b");
      client.sendString("close");
      const results = await Promise.all(waiting);
      assertEqual(
        results.map(({ done, value }) => (done === true ? "done" : value.text)).join(),
        "a,b,done",
        "results",
      );
    },
  };
}
