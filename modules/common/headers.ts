/**
 * Header fields. A peer chooses their names, so no object is keyed by them: XS keeps each name of a property for ever. They
 * are kept as lines, because an entry of a Map takes several times the slots there.
 */

/** Elements that `list` gives at most: on XS each takes memory of its own. */
const MAX_ELEMENTS = 100;

/** Header fields by name, whose letter case does not matter. */
export class HttpHeaders {
  /** Each a lower-case name, ":" and the value. */
  protected lines: string[] = [];
  protected isWhole = true;

  /** False where fields that nobody asked for were left out, because they did not fit into `maxKeptHeadBytes`. */
  get isComplete(): boolean {
    return this.isWhole;
  }

  /**
   * Looks a field up. Fields of one name are joined by ", " (RFC 9110, 5.3).
   *
   * @returns the value; undefined where there is none
   */
  get(name: string): string | undefined {
    const start = startOf(name);
    let all: string | undefined;
    for (const line of this.lines) {
      if (!line.startsWith(start)) continue;
      const value = line.slice(start.length);
      all = all === undefined ? value : `${all}, ${value}`;
    }
    return all;
  }

  /**
   * Looks all fields of a name up, such as Set-Cookie, which cannot be joined (RFC 9110, 5.3).
   *
   * @returns the values, in the order in which they came
   */
  getAll(name: string): string[] {
    const start = startOf(name);
    return this.lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  }

  /**
   * Lists the names.
   *
   * @returns each once, in lower case, in the order in which they came
   */
  keys(): string[] {
    const names: string[] = [];
    for (const line of this.lines) {
      const name = line.slice(0, line.indexOf(":"));
      if (!names.includes(name)) names.push(name);
    }
    return names;
  }

  /**
   * Goes through the fields.
   *
   * @returns each lower-case name, with the value that `get` gives
   */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.keys()
      .map((name): [string, string] => [name, this.get(name) ?? ""])
      .values();
  }

  /**
   * Splits a comma-separated field (RFC 9110, 5.6.1).
   *
   * @returns its elements, without white space and empty ones; the first 100
   */
  list(name: string): string[] {
    const elements: string[] = [];
    this.find(name, (value, start, end) => elements.push(value.slice(start, end)) === MAX_ELEMENTS);
    return elements;
  }

  /**
   * Looks for a token in a comma-separated field, in any letter case.
   *
   * @param name that of the field
   * @param token such as "websocket"
   * @returns whether it is there
   */
  hasToken(name: string, token: string): boolean {
    const wanted = token.toLowerCase();
    return this.find(
      name,
      (value, start, end) => end - start === wanted.length && value.slice(start, end).toLowerCase() === wanted,
    );
  }

  /**
   * Looks for an element of a comma-separated field, in just this letter case.
   *
   * @param name that of the field
   * @param element the whole element
   * @returns whether it is there
   */
  hasElement(name: string, element: string): boolean {
    return this.find(
      name,
      (value, start, end) => end - start === element.length && value.slice(start, end) === element,
    );
  }

  /**
   * Looks for an element of a comma-separated field. It is searched, not split: a value of nothing but commas would
   * make more strings than a small heap holds.
   */
  private find(name: string, isWanted: (value: string, start: number, end: number) => boolean): boolean {
    const value = this.get(name);
    if (value === undefined) return false;
    for (let next = 0; next <= value.length;) {
      const comma = value.indexOf(",", next);
      let start = next;
      let end = comma < 0 ? value.length : comma;
      next = end + 1;
      while (start < end && isSpace(value.charCodeAt(start))) start++;
      while (end > start && isSpace(value.charCodeAt(end - 1))) end--;
      if (end > start && isWanted(value, start, end)) return true;
    }
    return false;
  }
}

/** Those of a head that is being read. */
export class WritableHeaders extends HttpHeaders {
  /** Adds a field. */
  append(name: string, value: string): void {
    this.lines.push(startOf(name) + value);
  }

  /** Goes on with the value of the field that was added last. */
  extend(more: string): void {
    const last = this.lines.pop() ?? "";
    this.lines.push(last.endsWith(":") ? last + more : `${last} ${more}`);
  }

  /** Leaves a field out, whether it was added or not. */
  drop(name: string): void {
    const start = startOf(name);
    this.isWhole = false;
    this.lines = this.lines.filter((line) => !line.startsWith(start));
  }

  /** Leaves all fields out. */
  clear(): void {
    this.isWhole = false;
    this.lines = [];
  }
}

/** No name has a colon. */
function startOf(name: string): string {
  return `${name.toLowerCase()}:`;
}

/** RFC 9110, 5.6.3: white space is space and tab. Latin-1 has others, which are the value's own. */
export function isSpace(code: number | undefined): boolean {
  return code === 32 || code === 9;
}

/** Whether a request asks for WebSocket at all, however well (RFC 6455, 4.2.1). */
export function isUpgradeRequest(headers: HttpHeaders): boolean {
  return headers.hasToken("upgrade", "websocket");
}

const SINGLE_FIELDS: readonly string[] = Object.freeze([
  "host",
  "origin",
  "content-length",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-accept",
]);

/** Whether a request has a field of this name, of any letter case, once at most. */
export function isSingleField(name: string): boolean {
  return SINGLE_FIELDS.includes(name.toLowerCase());
}
