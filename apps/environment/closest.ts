/** Finds what somebody meant, for messages about names that do not exist. */

/** @returns the name that is like `text` but for a typing mistake or two, or begins with it; undefined where none is */
export function closest(text: string, names: readonly string[]): string | undefined {
  const wanted = text.toLowerCase();
  // In a short name two other letters are another name.
  let least = text.length > 4 ? 3 : 2;
  let found: string | undefined = undefined;
  for (const name of names) {
    const mistakes = distance(wanted, name.toLowerCase());
    if (mistakes >= least) continue;
    least = mistakes;
    found = name;
  }
  const isPart = text.length > 2;
  return found ?? (isPart ? names.find((name) => name.toLowerCase().startsWith(wanted)) : undefined);
}

/** @returns ` Did you mean "NAME"?`, or nothing */
export function didYouMean(text: string, names: readonly string[]): string {
  const name = closest(text, names);
  return name === undefined ? "" : ` Did you mean "${name}"?`;
}

/** How many letters are added, missing, another, or changed places with their neighbour. */
function distance(one: string, other: string): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let to = 1; to <= other.length; to++) {
      const cost = one[at - 1] === other[to - 1] ? 0 : 1;
      let least = Math.min((row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1, (row[to - 1] ?? 0) + cost);
      const isSwapped = at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1];
      if (isSwapped) least = Math.min(least, (before[to - 2] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[other.length] ?? 0;
}
