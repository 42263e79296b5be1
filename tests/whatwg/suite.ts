/**
 * The WHATWG WebSocket on every host: what the web-platform tests of websockets/ ask for, as tables. No API of Node or
 * Jest: the tests run on XS too, against the servers of tests/client/suiteservers.ts.
 */

import { ErrorEvent, EventTarget, WebSocket, webSocketClass } from "xs-websockets/whatwg";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import type { SuiteSettings } from "../client/suitesession.js";
import { eventTests } from "./events.js";
import { Session, starters, thrownBy, turns } from "./session.js";

/** Constructor arguments that throw a SyntaxError. */
const BAD_URLS: readonly string[] = [
  "",
  "/relative",
  "ws:",
  "ws://",
  "http:",
  "ftp://host/",
  "mailto:a@example.org",
  "about:blank",
  "ws://host/#",
  "ws://host/#fragment",
  "ws://a b/",
  "ws://host:65536/",
  "null",
  "undefined",
];

/** What is given, and what `url` says. */
const URLS: readonly (readonly [given: string, url: string])[] = [
  ["ws://127.0.0.1:PORT", "ws://127.0.0.1:PORT/"],
  ["WS://127.0.0.1:PORT/a?b=c", "ws://127.0.0.1:PORT/a?b=c"],
  ["http://127.0.0.1:PORT/x", "ws://127.0.0.1:PORT/x"],
  ["ws://127.0.0.1:PORT/a/../b", "ws://127.0.0.1:PORT/b"],
  ["ws://127.0.0.1:PORT/a b", "ws://127.0.0.1:PORT/a%20b"],
  ["ws://127.0.0.1:PORT/%zz[x]|", "ws://127.0.0.1:PORT/%zz[x]|"],
];

const BAD_PROTOCOLS: readonly (string | readonly string[])[] = [
  "",
  " ",
  "a b",
  "a,b",
  "a/b",
  "ä",
  "a\u0000",
  ["chat", ""],
  ["chat", "chat"],
  ["chat", "Chat"],
];

/** Arguments of close, and what it throws. */
const CLOSES: readonly (readonly [args: readonly unknown[], thrown: string])[] = [
  [[0], "InvalidAccessError 15"],
  [[999], "InvalidAccessError 15"],
  [[1001], "InvalidAccessError 15"],
  [[1005], "InvalidAccessError 15"],
  [[2999], "InvalidAccessError 15"],
  [[5000], "InvalidAccessError 15"],
  [[65_536], "InvalidAccessError 15"],
  [[null], "InvalidAccessError 15"],
  [["x"], "InvalidAccessError 15"],
  [[NaN], "InvalidAccessError 15"],
  [[1000, "x".repeat(124)], "SyntaxError 12"],
  [[1000, "ü".repeat(62)], "SyntaxError 12"],
  [[3000, "x".repeat(124)], "SyntaxError 12"],
];

/** Arguments of close, and the event that comes of the echo. */
const CLEAN_CLOSES: readonly (readonly [args: readonly unknown[], event: string])[] = [
  [[], 'close 1005 "" clean'],
  [[undefined, undefined], 'close 1005 "" clean'],
  [[1000], 'close 1000 "" clean'],
  [["1000"], 'close 1000 "" clean'],
  [[3000], 'close 3000 "" clean'],
  [[4999, "x".repeat(123)], 'close 4999 "" clean'],
  [[2999.9], 'close 3000 "" clean'],
  [[undefined, "why"], 'close 1000 "" clean'],
];

/** All tests. `hasBlobs`: whether the host has Blobs. */
export function whatwgTests(settings: SuiteSettings, hasBlobs: boolean): Tests {
  return { ...interfaceTests(settings, hasBlobs), ...eventTests(settings, hasBlobs) };
}

function interfaceTests({ ports }: SuiteSettings, hasBlobs: boolean): Tests {
  const { url, start, opened, finish } = starters(ports);

  return {
    "constants are of the class and of its prototype, and cannot be changed": () => {
      const names = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"] as const;
      names.forEach((name, value) => {
        assertEqual(WebSocket[name], value, name);
        assertEqual(WebSocket.prototype[name], value, `${name} of the prototype`);
        for (const owner of [WebSocket, WebSocket.prototype])
          assertEqual(Object.getOwnPropertyDescriptor(owner, name)?.writable, false, `${name} is writable`);
      });
      assertEqual(Object.prototype.toString.call(WebSocket.prototype), "[object WebSocket]", "its tag");
    },
    "a URL that is none, is relative, has another scheme or a fragment": () => {
      for (const bad of BAD_URLS)
        assertEqual(
          thrownBy(() => new WebSocket(bad)),
          "SyntaxError 12",
          `"${bad}"`,
        );
    },
    "a subprotocol that is not a token, or is there twice": () => {
      for (const bad of BAD_PROTOCOLS)
        assertEqual(
          thrownBy(() => new WebSocket(url("echo"), bad)),
          "SyntaxError 12",
          JSON.stringify(bad),
        );
    },
    "options that are wrong": () => {
      assertEqual(
        thrownBy(() => new WebSocket(url("echo"), [], { connectTimeout: -1 })),
        "OptionError",
        "a time",
      );
      assertEqual(
        thrownBy(() => new WebSocket(url("echo"), [], { headers: { "a b": "" } })),
        "OptionError",
        "a header",
      );
    },
    "compression is an option of Node.js, and the server has to agree": async () => {
      const init = { permessageDeflate: true };
      if (!hasBlobs)
        return assertEqual(
          thrownBy(() => start(undefined, [], init)),
          "OptionError",
          "on XS",
        );
      const session = start(undefined, [], init);
      await session.until("open");
      assertEqual(session.webSocket.extensions, "", "extensions");
      await finish(session);
    },
    "url is the one that was read": async () => {
      for (const [given, expected] of URLS) {
        const session = start(given.replace("PORT", String(ports.echo)));
        assertEqual(session.webSocket.url, expected.replace("PORT", String(ports.echo)), given);
        const codes: string[] = [];
        session.webSocket.onerror = (event) => codes.push(event.error.code);
        await session.until(session.webSocket.url.endsWith(`${ports.echo}/`) ? "open" : "error");
        // The server is asked: it knows the path "/" only.
        assertEqual(codes.filter((code) => code !== "ERR_HANDSHAKE").join(), "", given);
        session.webSocket.close();
      }
    },
    "attributes before and after it is open": async () => {
      const session = start();
      const { webSocket } = session;
      assert(webSocket instanceof EventTarget, "it is an EventTarget");
      const attributes = (): unknown[] => [
        webSocket.readyState,
        webSocket.bufferedAmount,
        webSocket.extensions,
        webSocket.protocol,
        webSocket.onopen,
        webSocket.onmessage,
        webSocket.onerror,
        webSocket.onclose,
      ];
      const expected = [0, 0, "", "", null, null, null, null];
      assertEqual(attributes().join(), expected.join(), "connecting");
      await session.until("open");
      expected[0] = 1;
      assertEqual(attributes().join(), expected.join(), "open");
      await finish(session);
      expected[0] = 3;
      assertEqual(attributes().join(), expected.join(), "closed");
    },
    "send while it is connecting": async () => {
      const session = start();
      assertEqual(
        thrownBy(() => session.webSocket.send("early")),
        "InvalidStateError 11",
        "send",
      );
      await session.until("open");
      await finish(session);
    },
    "send without an argument": async () => {
      const session = await opened();
      const send = session.webSocket.send.bind(session.webSocket) as () => void;
      assertEqual(thrownBy(send), "TypeError", "send()");
      await finish(session);
    },
    "texts and bytes come back as they were sent": async () => {
      const session = await opened();
      const { webSocket } = session;
      const bytes = Uint8Array.of(9, 1, 2, 3, 9);
      webSocket.send("");
      webSocket.send("ü€😀");
      webSocket.send(5 as unknown as string);
      webSocket.send(null as unknown as string);
      webSocket.send(bytes.subarray(1, 4));
      webSocket.send(bytes.buffer);
      webSocket.send(new DataView(bytes.buffer, 2, 1));
      webSocket.send("\ud800");
      await session.until("message \ufffd");
      const expected = ["message ", "message ü€😀", "message 5", "message null", "message 1 2 3", "message 9 1 2 3 9"];
      assertEqual(session.events.slice(1, -1).join("|"), [...expected, "message 2"].join("|"), "messages");
      await finish(session);
    },
    "what is sent may be changed at once": async () => {
      const session = await opened();
      const bytes = Uint8Array.of(1, 2);
      session.webSocket.send(bytes);
      bytes.fill(7);
      await session.until("message 1 2");
      await finish(session);
    },
    "bufferedAmount counts what was sent in this turn": async () => {
      const session = await opened();
      session.webSocket.send("12345");
      session.webSocket.send(new Uint8Array(7));
      assertEqual(session.webSocket.bufferedAmount, 12, "in the same turn");
      await session.until("message 0 0 0 0 0 0 0");
      await turns();
      assertEqual(session.webSocket.bufferedAmount, 0, "later");
      await finish(session);
      session.webSocket.send("after");
      assertEqual(session.webSocket.bufferedAmount, 5, "after the end");
      session.webSocket.send("more");
      assertEqual(session.webSocket.bufferedAmount, 9, "after the end, again");
    },
    "send after close is counted and not sent": async () => {
      const session = await opened();
      session.webSocket.close();
      session.webSocket.send("late");
      assertEqual(session.webSocket.bufferedAmount, 4, "bufferedAmount");
      await session.until('close 1005 "" clean');
      assertEqual(session.events.join(), 'open,close 1005 "" clean', "events");
    },
    "binaryType takes its two values only": async () => {
      const session = await opened();
      const { webSocket } = session;
      for (const bad of ["", "Blob", "notBlobOrArrayBuffer", null]) webSocket.binaryType = bad as "arraybuffer";
      assertEqual(webSocket.binaryType, "arraybuffer", "binaryType");
      webSocket.binaryType = "blob";
      assertEqual(webSocket.binaryType, hasBlobs ? "blob" : "arraybuffer", "binaryType");
      await finish(session);
    },
    "arguments of close that are wrong": async () => {
      const session = await opened();
      for (const [args, thrown] of CLOSES) {
        const close = session.webSocket.close.bind(session.webSocket) as (...args: readonly unknown[]) => void;
        assertEqual(
          thrownBy(() => close(...args)),
          thrown,
          JSON.stringify(args),
        );
      }
      assertEqual(session.webSocket.readyState, 1, "readyState");
      await finish(session);
    },
    "close, and the event that tells of it": async () => {
      for (const [args, event] of CLEAN_CLOSES) {
        const session = await opened();
        (session.webSocket.close.bind(session.webSocket) as (...args: readonly unknown[]) => void)(...args);
        assertEqual(session.webSocket.readyState, 2, "readyState");
        session.webSocket.close(1000);
        await session.until(event);
        assertEqual(session.webSocket.readyState, 3, "readyState");
        assertEqual(session.events.join(), `open,${event}`, "events");
      }
    },
    "the server closes": async () => {
      const session = await opened();
      session.webSocket.send("close");
      await session.until('close 4321 "schön war es" clean');
      assertEqual(session.events.join(), 'open,close 4321 "schön war es" clean', "events");
    },
    "close while it is connecting: error, then close, not before it returns": async () => {
      const session = start(url("silent"));
      session.webSocket.close();
      assertEqual(session.webSocket.readyState, 2, "readyState");
      assertEqual(session.events.length, 0, "events");
      await session.until('close 1006 "" unclean');
      assertEqual(session.events.join(), 'error,close 1006 "" unclean', "events");
      assertEqual(session.webSocket.readyState, 3, "readyState");
    },
    "no connection: error, then close, and the error says why": async () => {
      const failures: readonly (readonly [target: string, code: string])[] = [
        [url("closed"), "ECONNREFUSED"],
        [url("answers", "/404"), "ERR_HANDSHAKE"],
        [url("answers", "/wrongaccept"), "ERR_HANDSHAKE"],
        [url("answers", "/extension"), "ERR_HANDSHAKE"],
      ];
      for (const [target, code] of failures) {
        const session = start(target);
        const codes: string[] = [];
        session.webSocket.onerror = (event) => codes.push(event instanceof ErrorEvent ? event.error.code : "none");
        await session.until('close 1006 "" unclean');
        assertEqual(session.events.join(), 'error,close 1006 "" unclean', target);
        assertEqual(codes.join(), code, target);
      }
    },
    "the connection is lost: error, then close": async () => {
      const session = start(url("answers", "/vanish"));
      await session.until('close 1006 "" unclean');
      assertEqual(session.events.join(), 'open,error,close 1006 "" unclean', "events");
    },
    "the first message may come with the answer: after open": async () => {
      const session = start(url("answers", "/early"), [], { closeTimeoutMs: 100 });
      await session.until("message late");
      assertEqual(session.events.join(), "open,message early,message late", "events");
      session.webSocket.close();
      await session.until('close 1006 "" unclean');
    },
    "a subprotocol that is not among those offered": async () => {
      const session = start(url("answers", "/subprotocol"), ["chat"]);
      await session.until('close 1006 "" unclean');
    },
    "a server that chooses none of the subprotocols is none to talk to": async () => {
      const session = start(url("echo"), ["chat", "talk"]);
      const codes: string[] = [];
      session.webSocket.onerror = ({ error }) => codes.push(error.code);
      await session.until('close 1006 "" unclean');
      assertEqual(session.events.join(), 'error,close 1006 "" unclean', "events");
      assertEqual(codes.join(), "ERR_HANDSHAKE", "code");
    },
    "a message that the queue has no room for ends the connection": async () => {
      const session = await opened({ maxQueueBytes: 1_000 });
      session.webSocket.send(new Uint8Array(2_000));
      assertEqual(session.webSocket.readyState, 2, "readyState");
      await session.until('close 1006 "" unclean');
      assertEqual(session.events.join(), 'open,error,close 1006 "" unclean', "events");
    },
    "a message that is too long ends the connection": async () => {
      const session = await opened({ maxMessageBytes: 10 });
      session.webSocket.send("12345678901");
      await session.until('close 1006 "" unclean');
      assertEqual(session.events.join(), 'open,error,close 1006 "" unclean', "events");
    },
    "a class with defaults of its own": async () => {
      const Limited = webSocketClass({ maxMessageBytes: 10 });
      assertEqual(Limited.OPEN, 1, "OPEN");
      const session = new Session(new Limited(url("echo")));
      await session.until("open");
      session.webSocket.send("12345678901");
      await session.until('close 1006 "" unclean');
    },
    "a user name may have anything with a per cent sign": async () => {
      for (const [user, credentials] of [
        ["us%er:100%", "dXMlZXI6MTAwJQ=="],
        ["%ff%3A:", "/zo6"],
      ] as const) {
        const session = start(`ws://${user}@127.0.0.1:${ports.answers}/authorization`, [], { closeTimeoutMs: 100 });
        await session.until(`message Basic ${credentials}`);
        session.webSocket.close();
      }
    },
    "a user name becomes an Authorization header": async () => {
      const session = start(`ws://user:p%40ss@127.0.0.1:${ports.answers}/authorization`, [], {
        closeTimeoutMs: 100,
      });
      await session.until("message Basic dXNlcjpwQHNz");
      assertEqual(session.webSocket.url, `ws://user:p%40ss@127.0.0.1:${ports.answers}/authorization`, "url");
      session.webSocket.close();
      await session.until('close 1006 "" unclean');
    },
  };
}
