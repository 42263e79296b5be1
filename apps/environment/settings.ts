/** The settings of a sample: what it knows, with defaults, and what it was given. */

/** A setting by name with its default: a number is a port, anything else is a text. */
export type Defaults = Readonly<Record<string, number | string>>;

export type Settings<D extends Defaults> = { readonly [Name in keyof D]: D[Name] extends number ? number : string };

/** A setting that is wrong. Its message is all that a person needs: no stack is shown. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

const MAX_PORT = 65_535;

/**
 * The value of each setting: the one that was given, else the default. An empty text counts as not given.
 *
 * @throws SettingError where a port is none
 */
export function readSettings<D extends Defaults>(given: Readonly<Record<string, string>>, defaults: D): Settings<D> {
  const values = Object.entries(defaults).map(([name, value]) => {
    const text = given[name];
    if (text === undefined || text === "") return [name, value] as const;
    return [name, typeof value === "number" ? portOf(text) : text] as const;
  });
  return Object.fromEntries(values) as Settings<D>;
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT && text.trim() !== "") return port;
  throw new SettingError(`"${text}" is no port: a port is a whole number from 0 to ${MAX_PORT}, such as port=8080.`);
}
