import Resource from "Resource";

import type { TlsEngine } from "./engine.js";

const identifierBytes = 20;

/**
 * Adds those of the SDK's authorities that may have issued the peer's certificates, of which an app has as many as its
 * manifest names as resources.
 *
 * @returns what an error is to say of those that the app lacks, "" for nothing
 */
export function addBuiltInAuthorities(engine: TlsEngine): string {
  let missing = "";
  for (let index = 0; index < engine.certificateCount; index += 1) {
    const name = builtInNameOf(engine.issuer(index));
    if (name === undefined) continue;
    if (Resource.exists(`${name}.der`)) engine.addAuthority(resource(`${name}.der`));
    else missing = `; the SDK has it as modules/crypt/data/${name}`;
  }
  return missing;
}

/**
 * The SDK numbers its authorities ca0, ca1, …, and has the key identifier of each, 20 bytes, in "ca.ski", in this order.
 */
function builtInNameOf(wanted: ArrayBuffer | undefined): string | undefined {
  if (wanted?.byteLength !== identifierBytes || !Resource.exists("ca.ski")) return undefined;
  const identifiers = resource("ca.ski");
  const identifier = new Uint8Array(wanted);
  for (let at = 0; at + identifierBytes <= identifiers.byteLength; at += identifierBytes) {
    if (areSame(identifiers, at, identifier)) return `ca${at / identifierBytes}`;
  }
  return undefined;
}

function areSame(identifiers: Uint8Array, start: number, identifier: Uint8Array): boolean {
  for (let at = 0; at < identifierBytes; at += 1) if (identifiers[start + at] !== identifier[at]) return false;
  return true;
}

function resource(name: string): Uint8Array {
  // XS makes views of a resource as of an ArrayBuffer, without a copy: it stays in flash.
  const bytes: object = new Resource(name);
  return new Uint8Array(bytes as ArrayBuffer);
}
