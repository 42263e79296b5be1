/** Ids of connections, and the secrets that go with them. Nothing is stored for a client that does not come back. */

import { base64, encodeUtf8, randomFill, sha1 } from "#platform";

const ID_BYTES = 16;
/** The block of SHA-1 (RFC 2104, 2). */
const BLOCK_BYTES = 64;

/** Issues ids and tells own tokens from others. A token is its id and the HMAC-SHA-1 of it (RFC 2104). */
export class ConnectionTokens {
  private readonly key = randomBytes(BLOCK_BYTES);

  /** A new id: 16 random bytes. */
  createId(): string {
    return base64Url(randomBytes(ID_BYTES));
  }

  /** The token that lets its bearer connect as `id`. */
  tokenFor(id: string): string {
    return `${id}.${base64Url(this.authenticate(id))}`;
  }

  /** The id of a token; undefined where it was not issued here. */
  idOf(token: string): string | undefined {
    const id = token.split(".")[0] ?? "";
    return isSame(token, this.tokenFor(id)) ? id : undefined;
  }

  private authenticate(id: string): Uint8Array {
    const inner = sha1(concat(this.paddedKey(0x36), encodeUtf8(id)));
    return sha1(concat(this.paddedKey(0x5c), inner));
  }

  private paddedKey(pad: number): Uint8Array {
    return this.key.map((byte) => byte ^ pad);
  }
}

/** Takes as long wherever the first difference is. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < other.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}

/** RFC 4648, 5, without padding. */
function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  randomFill(bytes);
  return bytes;
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
