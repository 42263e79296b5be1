/** permessage-deflate (RFC 7692) on connections that have agreed on it: messages of all sizes, all parameters, limits. */

import { get, send, toldOf } from "../case.js";
import type { Case, Compression, Direction, Ending, Message, Side, Step } from "../case.js";
import { countOf, DATA, SIZES } from "../deflatedata.js";
import type { Profile } from "../profiles.js";
import { answer } from "./clienthandshake.js";
import { request } from "./serverhandshake.js";

const NAME = "permessage-deflate";
const SIDES: readonly Side[] = ["server", "client"];

/** What both sides agree on (RFC 7692, 7.1). */
export interface Parameters {
  readonly isServerForgetful?: boolean;
  readonly isClientForgetful?: boolean;
  readonly serverBits?: number;
  readonly clientBits?: number;
}

/** A case after the handshake. */
export interface DeflateRow {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly ending?: Ending;
  readonly profile?: Profile;
  readonly parameters?: Parameters;
}

/** As in the header field. */
export function fieldOf(parameters: Parameters): string {
  const { isServerForgetful, isClientForgetful, serverBits, clientBits } = parameters;
  const parts = [
    NAME,
    isServerForgetful === true ? "server_no_context_takeover" : "",
    isClientForgetful === true ? "client_no_context_takeover" : "",
    serverBits === undefined ? "" : `server_max_window_bits=${serverBits}`,
    clientBits === undefined ? "" : `client_max_window_bits=${clientBits}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** What the profile `deflateStrict` agrees to. */
export const STRICT: Parameters = { isServerForgetful: true, serverBits: 10, clientBits: 9 };

/** How the runner has to compress, and to what it holds the tested side. */
export function compressionOf(side: Side, parameters: Parameters): Compression {
  const { isServerForgetful = false, isClientForgetful = false, serverBits = 15, clientBits = 15 } = parameters;
  const server: Direction = { windowBits: serverBits, isForgetful: isServerForgetful };
  const client: Direction = { windowBits: clientBits, isForgetful: isClientForgetful };
  return side === "server" ? { fromTested: server, toTested: client } : { fromTested: client, toTested: server };
}

const CLOSING: readonly Step[] = [send([0x88, "03e8"]), ...get([0x88, "03e8"]), { do: "ended" }];

function tailOf(ending: Ending): readonly Step[] {
  if (ending === "close") return CLOSING;
  return ending === "steps" ? [] : [{ do: "fail", status: ending }, { do: "ended" }];
}

/** Cases of rows, for both sides or one. */
export function deflateCasesOf(group: string, rows: readonly DeflateRow[], sides = SIDES): Case[] {
  return sides.flatMap((side) =>
    rows.map((row): Case => {
      const { name, steps, ending = "close", profile = "deflate" } = row;
      const parameters = row.parameters ?? (profile === "deflateStrict" ? STRICT : {});
      const field = fieldOf(parameters);
      const offer = profile === "deflateStrict" ? `${NAME}; client_max_window_bits` : field;
      const told = toldOf(ending);
      return {
        ...{ group, name, side, profile, compression: compressionOf(side, parameters) },
        handshake:
          side === "server"
            ? {
                ...{ kind: "request", head: request({ "Sec-WebSocket-Extensions": offer }), cut: "whole", status: 101 },
                fields: { "sec-websocket-extensions": field },
              }
            : { kind: "answer", head: answer({ "Sec-WebSocket-Extensions": field }), cut: "whole" },
        steps: [...steps, ...tailOf(ending)],
        ...(told === undefined ? {} : { outcome: told }),
      };
    }),
  );
}

/** The runner sends a message compressed, and the tested side sends it back. */
export function exchange(
  message: Message,
  fragmentBytes = 0,
  wanted: { readonly isCompressed?: boolean } = {},
): Step[] {
  return [
    { do: "compress", message, fragmentBytes },
    { do: "inflate", message, ...wanted },
  ];
}

export function text(characters: string): Message {
  return { isText: true, bytes: Buffer.from(characters, "utf8") };
}

export function binary(bytes: Uint8Array): Message {
  return { isText: false, bytes };
}

/** As Autobahn's group 12. */
function sizes(): DeflateRow[] {
  return DATA.flatMap((data) =>
    SIZES.map(([size, fragmentBytes]): DeflateRow => {
      const count = countOf(size);
      const wanted = data.isCompressible && size > 64 ? { isCompressed: true } : {};
      const messages = Array.from({ length: count }, (_, number) => data.message(size, number));
      return {
        name: `${count} messages of ${size} bytes of ${data.name}, ${fragmentBytes === 0 ? "whole" : `in fragments of ${fragmentBytes} bytes`}`,
        profile: fragmentBytes === 0 ? "deflate" : "deflateParts",
        steps: messages.flatMap((message) => exchange(message, fragmentBytes, wanted)),
      };
    }),
  );
}

const BITS: readonly (number | undefined)[] = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];
const FLAGS = [false, true];

/** As Autobahn's group 13, and all other combinations. */
function allParameters(): DeflateRow[] {
  const [json, , prose] = DATA;
  const messages = [json.message(3_000, 0), json.message(3_000, 0), prose.message(700, 1)];
  const combinations: Parameters[] = FLAGS.flatMap((isServerForgetful) =>
    FLAGS.flatMap((isClientForgetful) =>
      BITS.flatMap((serverBits) =>
        BITS.map((clientBits) => ({
          isServerForgetful,
          isClientForgetful,
          ...(serverBits === undefined ? {} : { serverBits }),
          ...(clientBits === undefined ? {} : { clientBits }),
        })),
      ),
    ),
  );
  return combinations.map((parameters) => {
    const { serverBits = 15, clientBits = 15 } = parameters;
    // The last one is longer than the windows.
    const long = json.message(2 ** Math.max(serverBits, clientBits) + 2_000, 2);
    return {
      ...{ name: fieldOf(parameters), parameters },
      steps: [...messages, long].flatMap((message) => exchange(message, 0, { isCompressed: true })),
    };
  });
}

export function deflateCases(): Case[] {
  return [
    ...deflateCasesOf("permessage-deflate: sizes and fragments", sizes()),
    ...deflateCasesOf("permessage-deflate: all parameters", allParameters()),
  ];
}
