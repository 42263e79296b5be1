/** What the program on the device understands; it runs there too. A command travels as JSON, and so does its result. */

/** What a connection of the device does with its peer. */
export const Behaviour = Object.freeze({
  /** Reads, and checks that the bytes are those of the pattern. */
  check: "check",
  /** Sends back what comes, and reads on when that is sent. */
  echo: "echo",
  /** Reads nothing before it is told to resume. */
  pause: "pause",
  /** Answers the first bytes by 200 bytes of the pattern, and ends. */
  answer: "answer",
  /** Destroys the connection at once. */
  destroy: "destroy",
  /** Resets it in the callback of the first bytes. */
  destroyOnData: "destroyOnData",
  /** Writes and destroys in one turn, at the first bytes. */
  writeAndDestroy: "writeAndDestroy",
  /** Sends `amount` bytes of the pattern. */
  send: "send",
  /** The same, and ends. */
  sendAndEnd: "sendAndEnd",
  /** Ends as soon as it is open. */
  end: "end",
} as const);

export type Behaviour = (typeof Behaviour)[keyof typeof Behaviour];

/** Certificates and a key, DER in base64. */
export interface IdentityText {
  readonly certificates: readonly string[];
  readonly privateKey: string;
}

export type Command =
  /** With an identity: TLS. */
  | {
      readonly do: "listen";
      readonly port: number;
      readonly behaviour: Behaviour;
      readonly amount?: number;
      readonly identity?: IdentityText;
    }
  | { readonly do: "unlisten"; readonly port: number }
  | {
      readonly do: "connect";
      readonly host: string;
      readonly port: number;
      readonly behaviour: Behaviour;
      readonly amount?: number;
      /** TLS, where the server's certificate has to be of this authority: DER in base64. */
      readonly authority?: string;
    }
  /** To one connection, or where there is no id, to all that are open. */
  | { readonly do: "write"; readonly id?: number; readonly bytes: number }
  | { readonly do: "pause" | "resume" | "end" | "destroy"; readonly id?: number }
  /** Writes `count` times, every `everyMs`; 0: all in this turn. */
  | {
      readonly do: "burst";
      readonly id: number;
      readonly count: number;
      readonly bytes: number;
      readonly everyMs: number;
    }
  | { readonly do: "state"; readonly id?: number }
  /** XS does nothing for so long. */
  | { readonly do: "stall"; readonly ms: number }
  /** The tcpip thread stands still from `true` to `false`. */
  | { readonly do: "hold"; readonly isHeld: boolean }
  /** All in one turn. */
  | { readonly do: "turn"; readonly commands: readonly Command[] }
  /** A WebSocket server that sends back what comes; its port is 9001. */
  | {
      readonly do: "serve";
      readonly maxClients: number;
      readonly identity?: IdentityText;
      /** Sizes are the defaults, and times are short: 2 s for a request, 6 s of silence. */
      readonly isSmall?: boolean;
    }
  /** WebSocket clients, one after the other: each sends a text, waits for its echo, and closes. */
  | {
      readonly do: "dial";
      readonly url: string;
      readonly count: number;
      readonly authority?: string;
      /** Of the text; 5 where it is not said. */
      readonly characters?: number;
    }
  /**
   * A WebSocket client whose handlers are set behind `await connect()`, where each step of promises takes 2 ms. It tells the
   * first message.
   */
  | { readonly do: "listenLate"; readonly url: string }
  /** A TCP whose options make their callbacks when they are asked for, and then fill XS with garbage. It tells its bytes. */
  | { readonly do: "connectByGetters"; readonly host: string; readonly port: number }
  /** Forgets a connection, or all that are closed. Its result is the number of those that are left. */
  | { readonly do: "forget"; readonly id?: number }
  /** Ends all connections and listeners, and forgets them. */
  | { readonly do: "clear" };

/** What is known of a connection. */
export interface ConnectionState {
  readonly id: number;
  /** "accept", "open", "data" (the first), "drain" (the first), "close", in the order in which they came. */
  readonly events: readonly string[];
  readonly received: number;
  readonly sent: number;
  /** Whether all bytes were those of the pattern. */
  readonly isIntact: boolean;
  /** The code of the error with which it closed; "" for none. */
  readonly error: string;
  readonly buffered: number;
}
