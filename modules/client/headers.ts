/** Header fields that a client adds to its upgrade request (.NET nanoFramework `ClientWebSocketHeaders`). */

import { everyCharacter, isFieldValue, isToken, kindOf } from "../common/text.js";
import { OptionError } from "../common/errors.js";
import { isHostField } from "../common/uri.js";

/** Anything that header fields can be given as. */
export type HeadersInit =
  ClientWebSocketHeaders | Readonly<Record<string, string>> | Iterable<readonly [name: string, value: string]>;

/** Fields of the upgrade itself, and those that would change where a request ends. */
const RESERVED: readonly string[] = Object.freeze([
  "connection",
  "content-length",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
  "transfer-encoding",
  "upgrade",
]);

/** Header fields by name; the letter case of a name does not matter. */
export class ClientWebSocketHeaders {
  private readonly fields = new Map<string, readonly [name: string, value: string]>();

  /**
   * Makes header fields: of an object, of pairs, or of others.
   *
   * @throws OptionError as `set`
   */
  constructor(init: HeadersInit = []) {
    if (init instanceof ClientWebSocketHeaders) checkNoProperty(init);
    for (const field of entriesOf(init)) this.set(field[0], field[1]);
  }

  /** How many fields there are. */
  get count(): number {
    return this.fields.size;
  }

  /** The names, as they were given. */
  get keys(): string[] {
    return [...this.fields.values()].map((field) => field[0]);
  }

  /** The values, in the order of `keys`. */
  get values(): string[] {
    return [...this.fields.values()].map((field) => field[1]);
  }

  /**
   * Looks a field up.
   *
   * @returns the value; undefined where there is none
   */
  get(name: string): string | undefined {
    return this.fields.get(name.toLowerCase())?.[1];
  }

  /**
   * Sets a field.
   *
   * @param name a token (RFC 9110, 5.6.2), and none that belongs to the upgrade itself
   * @param value one line of text. That of Host takes the place of the URI's host and port
   * @throws OptionError for anything else
   */
  set(name: string, value: string): void {
    if (!isToken(name))
      throw new OptionError(
        `${JSON.stringify(name)} cannot be the name of a header: it must be one word without separators.`,
      );
    if (RESERVED.includes(name.toLowerCase()))
      throw new OptionError(`The header ${name} is set by the library: use the options instead, such as subprotocols.`);
    if (typeof value !== "string" || !isFieldValue(value) || !everyCharacter(value, isAscii))
      throw new OptionError(`The value of the header ${name} must be one line of ASCII text.`);
    // RFC 9112, 3.2: another Host than that of the URI serves to reach a virtual host by an IP address.
    if (name.toLowerCase() === "host" && !isHostField(value.trim()))
      throw new OptionError(
        `The header Host must be a name or an IP address, with or without a port; it is ${JSON.stringify(value)}.`,
      );
    this.fields.set(name.toLowerCase(), [name, value.trim()]);
  }

  /** Removes a field, if it is there. */
  remove(name: string): void {
    this.fields.delete(name.toLowerCase());
  }

  /**
   * Goes through the fields.
   *
   * @returns each name as it was given, with its value
   */
  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.fields.values();
  }
}

/** Header fields are octets (RFC 9110, 5.5); ASCII is what every server reads alike. */
function isAscii(code: number): boolean {
  return code < 128;
}

/** Properties are no fields. Of nanoFramework's class they are: `headers["Authorization"] = …` would be lost in silence. */
function checkNoProperty(headers: ClientWebSocketHeaders): void {
  const name = Object.keys(headers).find((key) => key !== "fields");
  if (name !== undefined)
    throw new OptionError(`headers[${JSON.stringify(name)}] = … does not set a header: use headers.set(name, value).`);
}

function entriesOf(init: HeadersInit): Iterable<readonly [string, string]> {
  if (typeof init !== "object" || (init as HeadersInit | null) === null)
    throw new OptionError(`Headers are an object such as { Authorization: "…" }; this is ${kindOf(init)}.`);
  return Symbol.iterator in init ? init : Object.entries(init);
}
