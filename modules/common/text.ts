/**
 * Characters and texts by rules, without RegExp: in XS of Moddable SDK 8.2.3 each use of one takes memory that is not
 * freed, and one that falls together with a garbage collection ends the program.
 */

/** Whether each character of a text is allowed; true for "". */
export function everyCharacter(text: string, isAllowed: (code: number) => boolean): boolean {
  for (let at = 0; at < text.length; at++) if (!isAllowed(text.charCodeAt(at))) return false;
  return true;
}

/** 0 to 9. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** 0 to 9, A to F, a to f. */
export function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/** ASCII letters and digits. */
export function isAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** Whether a text is one or more digits. */
export function isDecimal(text: string): boolean {
  return text !== "" && everyCharacter(text, isDigit);
}

/** Whether a character is an ASCII letter, a digit, or one of `others`. */
export function isAlphanumericOr(others: string): (code: number) => boolean {
  // What a preloaded function keeps is in flash where it is a constant, and in RAM where it is a parameter.
  const allowed = others;
  return (code) => isAlphanumeric(code) || allowed.includes(String.fromCharCode(code));
}

/** Whether a character, or a byte, may be in a token. */
export const isTokenCharacter = isAlphanumericOr("!#$%&'*+-.^_`|~");

/** Whether a text is a token, such as the name of a header field or a subprotocol (RFC 9110, 5.6.2). */
export function isToken(text: string): boolean {
  return text !== "" && everyCharacter(text, isTokenCharacter);
}

/** Whether a text can be the value of a header field: it has no control character but the tab (RFC 9110, 5.5). */
export function isFieldValue(text: string): boolean {
  return everyCharacter(text, (code) => (code >= 32 && code !== 127) || code === 9);
}

/** Characters that `String.fromCharCode` is given at a time: they are arguments, and XS has a small stack. */
const DECODED_AT_ONCE = 64;

/** Octets as text, each as one character: a field may have bytes of any character set (RFC 9112, 2.2). */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += DECODED_AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(start, start + DECODED_AT_ONCE));
  return text;
}

/** "address:port"; an IPv6 address is put in brackets (RFC 3986, 3.2.2). */
export function formatEndPoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * The tag of an object, such as "Object" or "Date". Views and iterators are asked for none: they tell it by a getter, which the
 * SDK strips from an app, so that the call would end it.
 */
export function tagOf(value: object): string {
  if (ArrayBuffer.isView(value)) return value instanceof Uint8Array ? "Uint8Array" : "view of bytes";
  if (Symbol.iterator in value && "next" in value) return "iterator";
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** What a value is, for messages, such as "a string": values themselves may be secrets. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  const tag = typeof value === "object" ? tagOf(value) : typeof value;
  const name = tag === "Object" ? "object" : tag;
  return `${"aeioAEIO".includes(name.charAt(0)) ? "an" : "a"} ${name}`;
}
