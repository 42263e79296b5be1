/** The sources of lwIP: where they are, and how Debian's source package of it is brought here. */

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

import { createSources, fetchSources } from "./debiansource.js";

const lwipFolder = path.resolve("build", "lwip", "source");

export const missingLwipMessage = `The sources of lwIP were not found. They are looked for in $LWIP, then in build/lwip/source, where
"npm run lwip -- source" puts those of Debian.
`;

/** @returns the folder of lwIP's sources, undefined where there is none */
export function findLwip(): string | undefined {
  const brought = existsSync(lwipFolder) ? readdirSync(lwipFolder).map((name) => path.join(lwipFolder, name)) : [];
  const candidates = [process.env["LWIP"], ...brought.sort()];
  return candidates
    .flatMap((folder) => (folder === undefined ? [] : [path.resolve(folder)]))
    .find((folder) => existsSync(path.join(folder, "src", "core", "tcp.c")));
}

/** Brings the sources of lwIP, unless they are there. @throws Error where that is not possible */
export async function provideLwip(): Promise<string> {
  const present = findLwip();
  if (present !== undefined) return present;
  const sources = createSources();
  if (sources === undefined) throw new Error(missingLwipMessage);
  await fetchSources("lwip", sources, lwipFolder);
  const found = findLwip();
  if (found === undefined) throw new Error(`there is no lwIP in what apt-get has brought to ${lwipFolder}`);
  return found;
}
