/** The negotiation of permessage-deflate (RFC 7692, 7.1), and the header field that it is in (RFC 6455, 9.1). */

import type { PermessageDeflateOptions } from "../../deflatecontract.js";

/** The name of the extension. */
export const NAME = "permessage-deflate";

export const MAX_WINDOW_BITS = 15;

/** Options with every default filled in. */
export type Settings = {
  readonly [Name in keyof PermessageDeflateOptions]-?: NonNullable<PermessageDeflateOptions[Name]>;
};

/** One extension of the header field. */
export interface Extension {
  readonly name: string;
  /** A parameter without a value has undefined. */
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/** What both sides agreed on. */
export interface Agreed {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** Undefined: it was not spoken of, and is 15. */
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | undefined;
}

/** What a client offers, or a server answers. */
export interface Parameters extends Agreed {
  /** Whether client_max_window_bits is there, perhaps without a value. */
  readonly hasClientMaxWindowBits: boolean;
}

/** RFC 6455, 9.1: a name, parameters behind ";", extensions apart by ",". A value is a token, or that in quotes. */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const SPACE = "[ \\t]*";
const EXTENSION = new RegExp(
  `${SPACE}(${TOKEN})((?:${SPACE};${SPACE}${TOKEN}(?:${SPACE}=${SPACE}(?:${TOKEN}|"${TOKEN}"))?)*)${SPACE}`,
  "y",
);
const PARAMETER = new RegExp(`;${SPACE}(${TOKEN})(?:${SPACE}=${SPACE}"?(${TOKEN})"?)?`, "g");

/** @returns the extensions of a Sec-WebSocket-Extensions field; undefined where it breaks the grammar */
export function parseExtensions(field: string): readonly Extension[] | undefined {
  const extensions: Extension[] = [];
  EXTENSION.lastIndex = 0;
  for (;;) {
    const at = EXTENSION.lastIndex;
    const found = EXTENSION.exec(field);
    if (found === null) {
      // RFC 7230, 7: elements of a list may be empty.
      EXTENSION.lastIndex = at + (/^[ \t]*/.exec(field.slice(at))?.[0].length ?? 0);
    } else {
      const [, name = "", parameters = ""] = found;
      extensions.push({
        name,
        parameters: [...parameters.matchAll(PARAMETER)].map(([, parameter = "", value]) => [parameter, value] as const),
      });
    }
    const end = EXTENSION.lastIndex;
    if (end === field.length) return extensions;
    if (field[end] !== ",") return undefined;
    EXTENSION.lastIndex = end + 1;
  }
}

/**
 * Reads the parameters of permessage-deflate.
 *
 * @returns undefined where one is not known, is there twice, or has a value that it may not have (RFC 7692, 7.1)
 */
export function readParameters(parameters: Extension["parameters"], where: "offer" | "answer"): Parameters | undefined {
  const values = new Map<string, string | undefined>(parameters);
  if (values.size < parameters.length) return undefined;
  const isRight = ([name, value]: readonly [string, string | undefined]): boolean => {
    switch (name) {
      case "server_no_context_takeover":
      case "client_no_context_takeover":
        return value === undefined;
      case "server_max_window_bits":
        return isWindowBits(value);
      case "client_max_window_bits":
        // RFC 7692, 7.1.2.2: in an offer it may be without a value.
        return (where === "offer" && value === undefined) || isWindowBits(value);
      default:
        return false;
    }
  };
  if (!parameters.every(isRight)) return undefined;
  const bits = (name: string): number | undefined => {
    const value = values.get(name);
    return value === undefined ? undefined : Number(value);
  };
  return {
    serverNoContextTakeover: values.has("server_no_context_takeover"),
    clientNoContextTakeover: values.has("client_no_context_takeover"),
    serverMaxWindowBits: bits("server_max_window_bits"),
    clientMaxWindowBits: bits("client_max_window_bits"),
    hasClientMaxWindowBits: values.has("client_max_window_bits"),
  };
}

/** RFC 7692, 7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function isWindowBits(value: string | undefined): boolean {
  return value !== undefined && /^(?:8|9|1[0-5])$/.test(value);
}

/** What a client offers. */
export function offerOf(settings: Settings): Parameters {
  const { serverMaxWindowBits, clientMaxWindowBits } = settings;
  return {
    ...settings,
    serverMaxWindowBits: serverMaxWindowBits === MAX_WINDOW_BITS ? undefined : serverMaxWindowBits,
    clientMaxWindowBits: clientMaxWindowBits === MAX_WINDOW_BITS ? undefined : clientMaxWindowBits,
    // The server may ask for a smaller window (RFC 7692, 7.1.2.2).
    hasClientMaxWindowBits: true,
  };
}

/** What a server answers to an offer. @returns undefined where it declines */
export function answerTo(offer: Parameters, settings: Settings): Agreed | undefined {
  const clientBits = offer.clientMaxWindowBits ?? MAX_WINDOW_BITS;
  const isClientTooLarge = clientBits > settings.clientMaxWindowBits;
  // RFC 7692, 7.1.2.2: the answer may have client_max_window_bits only where the offer has it.
  if (isClientTooLarge && !offer.hasClientMaxWindowBits) return undefined;
  const serverBits = Math.min(offer.serverMaxWindowBits ?? MAX_WINDOW_BITS, settings.serverMaxWindowBits);
  return {
    serverNoContextTakeover: offer.serverNoContextTakeover || settings.serverNoContextTakeover,
    clientNoContextTakeover: offer.clientNoContextTakeover || settings.clientNoContextTakeover,
    // RFC 7692, 7.1.2.1: an offer that has it is accepted by an answer that has it.
    serverMaxWindowBits:
      offer.serverMaxWindowBits !== undefined || serverBits < MAX_WINDOW_BITS ? serverBits : undefined,
    clientMaxWindowBits: isClientTooLarge ? settings.clientMaxWindowBits : offer.clientMaxWindowBits,
  };
}

/** What is wrong with an answer to what `offerOf` offers; undefined where nothing is. */
export function problemOfAnswer(answer: Agreed, settings: Settings): string | undefined {
  // RFC 7692, 7.1.1.1 and 7.1.2.1: a server that does not do what was offered declines.
  if (settings.serverNoContextTakeover && !answer.serverNoContextTakeover)
    return "It does not agree to server_no_context_takeover.";
  if ((answer.serverMaxWindowBits ?? MAX_WINDOW_BITS) > settings.serverMaxWindowBits)
    return `It does not agree to server_max_window_bits=${settings.serverMaxWindowBits}.`;
  // RFC 7692, 7.1.2.2: its value is at most that of the offer.
  if ((answer.clientMaxWindowBits ?? 0) > settings.clientMaxWindowBits)
    return `Its client_max_window_bits is more than the ${settings.clientMaxWindowBits} that were offered.`;
  return undefined;
}

/** The extension as in the header field. */
export function formatParameters(parameters: Agreed & { readonly hasClientMaxWindowBits?: boolean }): string {
  const { serverMaxWindowBits, clientMaxWindowBits, hasClientMaxWindowBits = false } = parameters;
  const parts = [NAME];
  if (parameters.serverNoContextTakeover) parts.push("server_no_context_takeover");
  if (parameters.clientNoContextTakeover) parts.push("client_no_context_takeover");
  if (serverMaxWindowBits !== undefined) parts.push(`server_max_window_bits=${serverMaxWindowBits}`);
  if (clientMaxWindowBits !== undefined) parts.push(`client_max_window_bits=${clientMaxWindowBits}`);
  else if (hasClientMaxWindowBits) parts.push("client_max_window_bits");
  return parts.join("; ");
}
