/** reconnecting-websocket, which wraps the class that it is given. */

import { WebSocket } from "xs-websockets/whatwg";
import ReconnectingWebSocket from "reconnecting-websocket";
import { assertEqual, type Tests } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";

class Session extends EventLog {
  readonly socket: ReconnectingWebSocket;

  constructor(url: string) {
    super();
    this.socket = new ReconnectingWebSocket(url, ["echo"], {
      WebSocket,
      minReconnectionDelay: 10,
      maxReconnectionDelay: 20,
      connectionTimeout: 30_000,
    });
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.record(`open ${this.socket.protocol}`);
    };
    this.socket.onmessage = ({ data }: { readonly data: unknown }) => {
      this.record(data instanceof ArrayBuffer ? new Uint8Array(data).join(" ") : String(data));
    };
    this.socket.addEventListener("close", ({ code, reason, wasClean }) => {
      this.record(`close ${code} ${reason} ${wasClean ? "clean" : "unclean"}`);
    });
  }
}

export function reconnectingTests(url: string): Tests {
  return {
    "reconnecting-websocket: texts and bytes, also such as were sent before it is open": async () => {
      const session = new Session(url);
      session.socket.send("early");
      session.socket.send(Uint8Array.of(1, 2, 3));
      await session.until("1 2 3");
      assertEqual(session.events.join(), "open echo,early,1 2 3", "events");
      session.socket.close(1_000, "done");
      await session.until("close 1000 done clean");
    },
    "reconnecting-websocket: it comes back, after a Close and after a cut": async () => {
      const session = new Session(url);
      session.socket.send("close");
      await session.until("close 1012 again clean");
      session.socket.send("while away");
      await session.until("while away");
      session.socket.send("cut");
      // What it tells of an error has the code 1000.
      await session.until("close 1000  clean");
      session.socket.send("back");
      await session.until("back");
      assertEqual(session.events.filter((event) => event === "open echo").length, 3, session.events.join());
      assertEqual(session.socket.readyState, 1, "readyState");
      session.socket.close(4_000);
      await session.until("close 4000  clean");
    },
  };
}
