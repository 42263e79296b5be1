/** Events, listeners and event handlers of the WHATWG WebSocket, on every host. No API of Node or Jest. */

import { CloseEvent, Event, EventTarget } from "xs-websockets/whatwg";
import type { DomCloseEvent, DomEvent, DomMessageEvent } from "xs-websockets/whatwg";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import type { SuiteSettings } from "../client/suitesession.js";
import { starters } from "./session.js";

export function eventTests({ ports }: SuiteSettings, hasBlobs: boolean): Tests {
  const { start, opened, finish } = starters(ports);
  return {
    "events have their targets and their members": async () => {
      const session = start();
      const { webSocket } = session;
      const seen: DomEvent[] = [];
      const record = (event: DomEvent): void => {
        assert(event.target === webSocket, `target of ${event.type}`);
        // Node.js 20 says null to all listeners but the first.
        if (!hasBlobs) assert(event.currentTarget === webSocket, `current target of ${event.type}`);
        seen.push(event);
      };
      webSocket.onopen = record;
      webSocket.onmessage = record;
      webSocket.onclose = record;
      await session.until("open");
      webSocket.send("x");
      await session.until("message x");
      await finish(session);
      const [open, message, close] = seen as [DomEvent, DomMessageEvent, DomCloseEvent];
      assert(open instanceof Event && open.type === "open", "open");
      assert(!open.bubbles && !open.cancelable && open.currentTarget === null, "open");
      assertEqual(`${message.origin} ${message.lastEventId}|`, `ws://127.0.0.1:${ports.echo} |`, "message");
      assert(close instanceof Event && close instanceof CloseEvent, "close");
    },
    "event handlers: replaced in place, removed by null, kept where they are no functions": async () => {
      const session = start();
      const { webSocket } = session;
      const calls: string[] = [];
      webSocket.onopen = () => calls.push("replaced");
      webSocket.addEventListener("open", () => calls.push("listener"));
      const handler = (): unknown => calls.push("handler");
      webSocket.onopen = handler;
      assert(webSocket.onopen === handler, "onopen");
      const object = {};
      webSocket.onmessage = object as never;
      assert(webSocket.onmessage === (object as never), "an object stays");
      webSocket.onclose = 5 as never;
      assertEqual(webSocket.onclose, null, "a number");
      webSocket.onclose = () => calls.push("closed");
      webSocket.onclose = null;
      await session.until("open");
      webSocket.send("x");
      await session.until("message x");
      await finish(session);
      assertEqual(calls.join(), "handler,listener", "calls");
    },
    "listeners: once, signal, objects, none twice, removed while they are called": async () => {
      const session = await opened();
      const { webSocket } = session;
      const calls: string[] = [];
      const aborting = new EventTarget();
      const signal = Object.assign(aborting, { aborted: false });
      const twice = (): unknown => calls.push("twice");
      const removed = (): unknown => calls.push("removed");
      webSocket.addEventListener("message", () => webSocket.removeEventListener("message", removed));
      webSocket.addEventListener("message", () => calls.push("once"), { once: true });
      webSocket.addEventListener("message", twice);
      webSocket.addEventListener("message", twice);
      webSocket.addEventListener("message", { handleEvent: () => calls.push("object") });
      webSocket.addEventListener("message", removed);
      webSocket.addEventListener("message", null);
      if (!hasBlobs) webSocket.addEventListener("message", () => calls.push("signal"), { signal: signal });
      webSocket.send("1");
      await session.until("message 1");
      aborting.dispatchEvent(new Event("abort"));
      webSocket.send("2");
      await session.until("message 2");
      await finish(session);
      assertEqual(calls.join(), `once,twice,object,${hasBlobs ? "" : "signal,"}twice,object`, "calls");
    },
  };
}
