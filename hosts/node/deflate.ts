/** permessage-deflate (RFC 7692) on Node.js, by node:zlib. */

import type {
  CreateDeflate,
  DeflateErrors,
  DeflateExtension,
  DeflateLimits,
  MessageDeflater,
  PermessageDeflateOptions,
} from "../deflatecontract.js";
import { Codec, type Direction } from "./deflate/codec.js";
import { Deflater } from "./deflate/deflater.js";
import {
  answerTo,
  formatParameters,
  MAX_WINDOW_BITS,
  NAME,
  offerOf,
  parseExtensions,
  problemOfAnswer,
  readParameters,
  type Agreed,
  type Settings,
} from "./deflate/parameters.js";

const DEFAULTS: Settings = Object.freeze({
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: MAX_WINDOW_BITS,
  clientMaxWindowBits: MAX_WINDOW_BITS,
  threshold: 1_024,
  level: 6,
});

/** The range of each number. */
const RANGES: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ["serverMaxWindowBits", [8, MAX_WINDOW_BITS]],
  ["clientMaxWindowBits", [8, MAX_WINDOW_BITS]],
  ["threshold", [0, 2_147_483_647]],
  ["level", [1, 9]],
]);

export const createDeflate: CreateDeflate = (option, limits, errors) => {
  if (option === undefined || option === false) return undefined;
  const settings = readOptions(option);
  if (typeof settings === "string") throw new errors.OptionError(settings);
  if (limits.deliverFragments)
    throw new errors.OptionError(
      "A compressed message is delivered whole: give permessageDeflate or deliverFragments.",
    );
  return new Extension(settings, limits, errors);
};

function readOptions(options: true | PermessageDeflateOptions): Settings | string {
  if (options === true) return DEFAULTS;
  if (Object.prototype.toString.call(options) !== "[object Object]")
    return `permessageDeflate is true, false or an object of settings; it was given ${JSON.stringify(options)}.`;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(DEFAULTS, name))
      return `permessageDeflate has no member ${JSON.stringify(name)}; known are: ${Object.keys(DEFAULTS).join(", ")}.`;
    const problem = problemOf(name, value);
    if (problem !== undefined) return `${name} of permessageDeflate is ${problem}; it was given ${String(value)}.`;
  }
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}

function problemOf(name: string, value: unknown): string | undefined {
  const range = RANGES.get(name);
  if (range === undefined) return typeof value === "boolean" ? undefined : "true or false";
  const [least, most] = range;
  const isRight = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return isRight ? undefined : `an integer from ${least} to ${most}`;
}

const NO_EXTENSIONS = "is not what RFC 6455, 9.1 says.";

class Extension<Limits extends DeflateLimits> implements DeflateExtension<Limits> {
  readonly offer: string;
  private readonly settings: Settings;
  private readonly limits: Limits;
  private readonly errors: DeflateErrors;

  constructor(settings: Settings, limits: Limits, errors: DeflateErrors) {
    this.settings = settings;
    this.limits = limits;
    this.errors = errors;
    this.offer = formatParameters(offerOf(settings));
  }

  agree(offers: string): MessageDeflater<Limits> | string | undefined {
    const extensions = parseExtensions(offers);
    if (extensions === undefined) return `Sec-WebSocket-Extensions ${NO_EXTENSIONS}`;
    for (const { name, parameters } of extensions) {
      // RFC 7692, 5.1: offers are "listed in order of preference".
      const offer = name === NAME ? readParameters(parameters, "offer") : undefined;
      const agreed = offer === undefined ? undefined : answerTo(offer, this.settings);
      if (agreed !== undefined) return this.deflater(agreed, "server");
    }
    return undefined;
  }

  accept(answer: string): MessageDeflater<Limits> | string {
    const extensions = parseExtensions(answer);
    if (extensions === undefined) return `Its Sec-WebSocket-Extensions ${NO_EXTENSIONS}`;
    const [extension, ...more] = extensions;
    if (extension?.name !== NAME || more.length > 0) return "It uses an extension that was not asked for.";
    const parameters = readParameters(extension.parameters, "answer");
    if (parameters === undefined) return "Its parameters of permessage-deflate are not those of RFC 7692.";
    return problemOfAnswer(parameters, this.settings) ?? this.deflater(parameters, "client");
  }

  private deflater(agreed: Agreed, side: "server" | "client"): MessageDeflater<Limits> {
    const { threshold, level, clientMaxWindowBits, clientNoContextTakeover } = this.settings;
    const server: Direction = {
      windowBits: agreed.serverMaxWindowBits ?? MAX_WINDOW_BITS,
      isForgetful: agreed.serverNoContextTakeover,
    };
    // A client may always do with less than it was allowed (RFC 7692, 7.1.1.2 and 7.1.2.2).
    const isClient = side === "client";
    const client: Direction = {
      windowBits: Math.min(
        agreed.clientMaxWindowBits ?? MAX_WINDOW_BITS,
        isClient ? clientMaxWindowBits : MAX_WINDOW_BITS,
      ),
      isForgetful: agreed.clientNoContextTakeover || (isClient && clientNoContextTakeover),
    };
    const [outgoing, incoming] = isClient ? [client, server] : [server, client];
    const codec = new Codec(outgoing, incoming, { threshold, level });
    return new Deflater(formatParameters(agreed), codec, this.limits, this.errors);
  }
}
