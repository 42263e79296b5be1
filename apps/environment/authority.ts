/** The setting `ca`, for the samples on Node.js and for the scripts that build samples. */

import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { SettingError } from "./settings.js";

const SHOWN_CHARACTERS = 40;

/**
 * Reads the certificate of an authority.
 *
 * @param text the path of a file, PEM or DER, whose first certificate is read; or DER in base64
 * @returns DER in base64
 * @throws SettingError where it is neither
 */
export function readAuthority(text: string): string {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  const isFile = existsSync(text);
  try {
    return new X509Certificate(isFile ? readFileSync(text) : Buffer.from(text, "base64")).raw.toString("base64");
  } catch {
    throw new SettingError(
      isFile
        ? `ca=${shown}: there is no certificate in ${path.resolve(text)}. PEM ("BEGIN CERTIFICATE") and DER are read.`
        : `ca=${shown}: there is no file ${path.resolve(shown)}, and it is no certificate in base64 (DER) either.`,
    );
  }
}
