/** ReconnectingWebSocket on every host. No API of Node or Jest: the tests run on XS too, against a server that obeys. */

import { WebSocketState, type ConnectionClosedEventArgs } from "xs-websockets/client";
import { HandshakeError, InvalidStateError, NetworkError, OptionError, WebSocketError } from "xs-websockets/client";
import { ReconnectingWebSocket, shouldReconnect } from "xs-websockets/reconnecting";
import type { DelaySource, ReconnectingWebSocketOptions } from "xs-websockets/reconnecting";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";
import type { SuiteSettings } from "./suitesession.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Delays that a test gives; how often it was reset. */
class Delays implements DelaySource {
  resets = 0;
  readonly given: number[] = [];
  private readonly delayMs: number;

  constructor(delayMs = 1) {
    this.delayMs = delayMs;
  }

  next(): number {
    this.given.push(this.delayMs);
    return this.delayMs;
  }

  reset(): void {
    this.resets++;
  }
}

/** A ReconnectingWebSocket whose events are recorded. */
class Session extends EventLog {
  readonly ends: ConnectionClosedEventArgs[] = [];
  readonly webSocket: ReconnectingWebSocket;

  constructor(options: ReconnectingWebSocketOptions = {}) {
    super();
    this.webSocket = new ReconnectingWebSocket({
      backoff: new Delays(),
      ...options,
      onMessageReceived: (_sender, { frame }) => this.record(`text ${frame.text}`),
      onReconnecting: (sender, e) => {
        this.record(`reconnecting ${e.attempt}`);
        return options.onReconnecting?.(sender, e);
      },
      onReconnected: (sender) => {
        this.record("reconnected");
        return options.onReconnected?.(sender);
      },
      onConnectionClosed: (sender, e) => {
        this.ends.push(e);
        this.record(`closed ${e.closeStatus} ${e.error?.code ?? ""}`.trim());
        return options.onConnectionClosed?.(sender, e);
      },
    });
  }
}

/** The code of what a promise rejects with; "" where it resolves. */
async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return error instanceof WebSocketError ? error.code : String(error);
  }
}

function end(closeStatus: number, error?: WebSocketError): ConnectionClosedEventArgs {
  return { closeStatus: closeStatus, closeStatusDescription: "", wasClean: true, error };
}

/** Ends, and whether to come back. */
const ENDS: readonly (readonly [end: ConnectionClosedEventArgs, isWorthAnother: boolean])[] = [
  [end(1000), false],
  [end(1001), true],
  [end(1002), false],
  [end(1003), false],
  [end(1005), true],
  [end(1006), true],
  [end(1007), false],
  [end(1008), false],
  [end(1009), false],
  [end(1010), false],
  [end(1011), true],
  [end(1012), true],
  [end(1013), true],
  [end(4000), true],
  [end(1006, new NetworkError("")), true],
  [end(1006, new HandshakeError(0, "")), true],
  [end(1006, new HandshakeError(200, "")), true],
  [end(1006, new HandshakeError(401, "")), false],
  [end(1006, new HandshakeError(404, "")), false],
  [end(1006, new HandshakeError(408, "")), true],
  [end(1006, new HandshakeError(429, "")), true],
  [end(1006, new HandshakeError(503, "")), true],
  [end(1006, new OptionError("")), false],
];

export function reconnectingTests({ ports }: SuiteSettings): Tests {
  const echo = `ws://127.0.0.1:${ports.echo}/`;
  const closedPort = `ws://127.0.0.1:${ports.closed}/`;
  const answer = (path: string): string => `ws://127.0.0.1:${ports.answers}${path}`;
  const finish = async (session: Session): Promise<void> => {
    session.webSocket.close();
    await session.until("closed 1000");
    assertEqual(session.webSocket.state, WebSocketState.Closed, "state");
  };

  return {
    "which ends are worth another attempt": () => {
      for (const [e, isWorthAnother] of ENDS)
        assertEqual(
          shouldReconnect(e),
          isWorthAnother,
          `${e.closeStatus} ${e.error?.code ?? ""} ${e.error?.message ?? ""}`,
        );
    },
    "options that are out of range": () => {
      const wrong: readonly ReconnectingWebSocketOptions[] = [
        { maxAttempts: -1 },
        { maxUnsentBytes: 0.5 },
        { stableAfterMs: NaN },
        { connectTimeout: 0 },
      ];
      for (const options of wrong) {
        let error: unknown;
        try {
          new ReconnectingWebSocket(options);
        } catch (thrown) {
          error = thrown;
        }
        assert(error instanceof OptionError, JSON.stringify(options));
      }
    },
    "connects, echoes, is closed once": async () => {
      const session = new Session();
      assertEqual(session.webSocket.state, WebSocketState.None, "state");
      await session.webSocket.connect(echo);
      assertEqual(session.webSocket.state, WebSocketState.Open, "state");
      assertEqual(await rejection(session.webSocket.connect(echo)), "ERR_INVALID_STATE", "connect");
      session.webSocket.sendString("a");
      await session.until("text a");
      await finish(session);
      assertEqual(session.events.join(), "text a,closed 1000", "events");
      assertEqual(
        await rejection(Promise.resolve().then(() => session.webSocket.sendString("x"))),
        "ERR_INVALID_STATE",
        "send",
      );
    },
    "the first attempt is covered, too": async () => {
      const targets = [closedPort, answer("/vanish"), echo];
      let at = 0;
      const session = new Session();
      await session.webSocket.connect(() => targets[at++] ?? echo);
      await session.until("reconnecting 2");
      await session.until("reconnected");
      await finish(session);
    },
    "a connection that is lost comes back, with headers of its own": async () => {
      let requests = 0;
      const session = new Session();
      await session.webSocket.connect(
        () => answer(requests < 2 ? "/vanish" : "/authorization"),
        async () => {
          await letTimePass(1);
          return { Authorization: `token ${++requests}` };
        },
      );
      await session.until("text token 3");
      session.webSocket.abort();
      assertEqual(session.webSocket.state, WebSocketState.Aborted, "state");
      assertEqual(session.events.at(-1), "closed 1006", "events");
    },
    "a close status that says not to come back is obeyed, another is not": async () => {
      const session = new Session({ shouldReconnect: ({ closeStatus }) => closeStatus !== 4_321 });
      await session.webSocket.connect(echo);
      session.webSocket.sendString("close");
      await session.until("closed 4321");
      const other = new Session();
      await other.webSocket.connect(echo);
      other.webSocket.sendString("close");
      await other.until("reconnected");
      await finish(other);
      assertEqual(other.events.join(), "reconnecting 1,reconnected,closed 1000", "events");
    },
    "gives up after so many attempts, and connect rejects with the last error": async () => {
      const backoff = new Delays();
      const session = new Session({ maxAttempts: 2, backoff });
      let attempts = 0;
      const target = (): string => {
        session.events.push(`attempt ${++attempts}`);
        return closedPort;
      };
      assertEqual(await rejection(session.webSocket.connect(target)), "ECONNREFUSED", "connect");
      assertEqual(
        session.events.join(),
        "attempt 1,reconnecting 1,attempt 2,reconnecting 2,attempt 3,closed 1006 ECONNREFUSED",
        "events",
      );
      assertEqual(backoff.given.length, 2, "delays");
    },
    "a refusal and a mistake end it at once": async () => {
      for (const [target, code] of [
        [answer("/404"), "ERR_HANDSHAKE"],
        ["nonsense", "ERR_OPTION"],
      ] as const) {
        const session = new Session();
        assertEqual(await rejection(session.webSocket.connect(target)), code, target);
        assertEqual(session.events.join(), `closed 1006 ${code}`, target);
      }
    },
    "what a provider throws is an attempt that failed": async () => {
      const session = new Session({ maxAttempts: 1 });
      const connected = session.webSocket.connect(() => Promise.reject(new Error("no token")));
      assertEqual(await rejection(connected), "ERR_NETWORK", "connect");
      assertEqual(session.events.join(), "reconnecting 1,closed 1006 ERR_NETWORK", "events");
    },
    "the delays begin anew when a connection has stood": async () => {
      const backoff = new Delays();
      const session = new Session({ backoff, stableAfterMs: 500 });
      await session.webSocket.connect(echo);
      session.webSocket.sendString("close");
      await session.until("reconnected");
      assertEqual(backoff.resets, 0, "resets at once");
      await eventually(() => backoff.resets > 0, "the reset");
      assertEqual(backoff.resets, 1, "resets later");
      session.events.length = 0;
      session.webSocket.sendString("close");
      await session.until("reconnecting 1");
      await session.until("reconnected");
      await finish(session);
    },
    "close while it connects": async () => {
      const session = new Session();
      const connected = session.webSocket.connect(answer("/silent"));
      await letTimePass(20);
      session.webSocket.close();
      assertEqual(await rejection(connected), "ERR_ABORTED", "connect");
      assertEqual(session.events.join(), "closed 1006 ERR_ABORTED", "events");
    },
    "close while it waits, and in the handler that tells of it": async () => {
      const waiting = new Session({ backoff: new Delays(60_000) });
      const connected = waiting.webSocket.connect(closedPort);
      await waiting.until("reconnecting 1");
      assertEqual(waiting.webSocket.state, WebSocketState.Connecting, "state");
      waiting.webSocket.close();
      assertEqual(await rejection(connected), "ERR_ABORTED", "connect");
      const handler = new Session({ onReconnecting: (sender) => sender.abort() });
      assertEqual(await rejection(handler.webSocket.connect(closedPort)), "ERR_ABORTED", "connect");
      await letTimePass(20);
      assertEqual(handler.events.join(), "reconnecting 1,closed 1006 ERR_ABORTED", "events");
    },
    "close while a provider is waited for": async () => {
      const session = new Session();
      const connected = session.webSocket.connect(() => letTimePass(30).then(() => echo));
      session.webSocket.close();
      assertEqual(await rejection(connected), "ERR_ABORTED", "connect");
      await letTimePass(60);
      assertEqual(session.events.join(), "closed 1006 ERR_ABORTED", "events");
    },
    "messages are kept while there is no connection, within their limit and in their order": async () => {
      const session = new Session({ maxUnsentBytes: 3 * 65 });
      const connected = session.webSocket.connect(() => letTimePass(20).then(() => echo));
      const taken = ["a", "b", "c", "d"].map((text) => session.webSocket.sendString(text));
      assertEqual(taken.join(), "true,true,true,false", "what send returns");
      assertEqual(session.webSocket.bufferedAmount, 3, "bufferedAmount");
      await connected;
      session.webSocket.sendString("e");
      await session.until("text e");
      assertEqual(session.events.join(), "text a,text b,text c,text e", "events");
      await finish(session);
    },
    "a message that can never be sent is refused at once, also while there is no connection": async () => {
      const session = new Session({ maxUnsentBytes: 10_000, maxQueueBytes: 1_000, maxFragmentSize: 20 });
      const connected = session.webSocket.connect(() => letTimePass(20).then(() => echo));
      const sent = (length: number): Promise<boolean> =>
        Promise.resolve().then(() => session.webSocket.sendBytes(new Uint8Array(length)));
      // In fragments, each of which has a header.
      for (const length of [2_000, 300]) assertEqual(await rejection(sent(length)), "ERR_OPTION", `${length} bytes`);
      assertEqual(session.webSocket.sendString("a"), true, "send");
      await connected;
      await session.until("text a");
      for (const length of [2_000, 300]) assertEqual(await rejection(sent(length)), "ERR_OPTION", `${length} bytes`);
      await finish(session);
    },
    "none is kept unless asked for": async () => {
      const session = new Session();
      const connected = session.webSocket.connect(() => letTimePass(20).then(() => echo));
      assertEqual(session.webSocket.sendString("a"), false, "send");
      await connected;
      await finish(session);
    },
    "it may connect again after its end": async () => {
      const session = new Session();
      for (let round = 0; round < 3; round++) {
        await session.webSocket.connect(echo);
        session.webSocket.close(4_000, "round");
        await session.until("closed 4000");
        session.events.length = 0;
      }
    },
    "it may connect again in the handler of its end, however that came": async () => {
      const ends: readonly ((session: Session) => void)[] = [
        ({ webSocket }) => webSocket.abort(),
        ({ webSocket }) => webSocket.close(),
        ({ webSocket }) => webSocket.sendString("close"),
      ];
      for (const end of ends) {
        let again: Promise<void> | undefined;
        const session: Session = new Session({
          // A second attempt would take longer than an event is waited for.
          backoff: new Delays(60_000),
          shouldReconnect: () => false,
          onConnectionClosed: (sender) => {
            again ??= sender.connect(echo);
          },
        });
        await session.webSocket.connect(echo);
        end(session);
        await eventually(() => again !== undefined, "the end");
        await again;
        session.events.length = 0;
        await finish(session);
      }
    },
    "a state that does not allow it": () => {
      const { webSocket } = new Session();
      let error: unknown;
      try {
        webSocket.sendString("early");
      } catch (thrown) {
        error = thrown;
      }
      assert(error instanceof InvalidStateError, "send before connect");
      webSocket.close();
      webSocket.abort();
      assertEqual(webSocket.state, WebSocketState.None, "state");
    },
  };
}
