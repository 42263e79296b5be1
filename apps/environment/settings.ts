/** The settings of a sample: what it knows, with defaults, and what it was given. */

/** A setting by name with its default, which says whether it is a whole number or a text. */
export type Defaults = Readonly<Record<string, number | string>>;

export type Settings<D extends Defaults> = { readonly [Name in keyof D]: D[Name] extends number ? number : string };

/** A setting that is wrong. Its message is all that a person needs: no stack is shown. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

const MAX_NUMBER = 65_535;

/**
 * The value of each setting: the one that was given, else the default. An empty text counts as not given.
 *
 * @throws SettingError where a number is wanted and none is given
 */
export function readSettings<D extends Defaults>(given: Readonly<Record<string, string>>, defaults: D): Settings<D> {
  const values = Object.entries(defaults).map(([name, value]) => {
    const text = given[name];
    if (text === undefined || text === "") return [name, value] as const;
    return [name, typeof value === "number" ? numberOf(name, text, value) : text] as const;
  });
  return Object.fromEntries(values) as Settings<D>;
}

function numberOf(name: string, text: string, example: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= MAX_NUMBER && text.trim() !== "") return number;
  throw new SettingError(
    `${name}=${text}: this is a whole number from 0 to ${MAX_NUMBER}, such as ${name}=${example}.`,
  );
}
