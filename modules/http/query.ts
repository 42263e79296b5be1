/** Values of a URL's query. */

/**
 * A value of a URL's query: `queryValue("/led?on=1", "on")` is "1". The query begins at the first "?", and a value at its
 * first "="; what is written with a per cent sign is decoded, a "+" stays one.
 *
 * @param url a URL, or a target such as `rawUrl`
 * @param name that of the value; letter case matters
 * @returns the value; undefined where there is none, or where it cannot be decoded
 */
export function queryValue(url: string, name: string): string | undefined {
  for (let start = url.indexOf("?") + 1; start > 0; start = url.indexOf("&", start) + 1) {
    const next = url.indexOf("&", start);
    const pair = url.slice(start, next < 0 ? url.length : next);
    const at = pair.indexOf("=");
    if ((at < 0 ? pair : pair.slice(0, at)) === name) return at < 0 ? "" : decode(pair.slice(at + 1));
  }
  return undefined;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
