/**
 * npm run certificate -- NAME [NAME or IP address …]: makes a certificate for a device that serves TLS in a local
 * network, for all of these names and addresses. The first run also makes the authority that signs it, and every
 * certificate after it; who installs that authority trusts them all. All is kept in the folder certificates.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import path from "node:path";

import { Authority } from "../apps/tls-echo/certificates.js";
import { certificatesFolder, readCommandLine, runScript, UsageError } from "./commandline.js";

const USAGE = "npm run certificate -- lamp.local 192.168.1.20";
/** Only the owner may read a private key. */
const SECRET = { mode: 0o600 };
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
/** Apple's systems trust no certificate of a server for longer than 825 days, whoever has signed it. */
const DEVICE_DAYS = 820;
/** RFC 1035, 2.3.4 */
const MAX_NAME = 253;
const MAX_NAMES = 16;

/** @throws UsageError for what is neither a host name (RFC 1123, 2.1) nor an IP address */
function checkName(name: string): void {
  if (isIP(name) !== 0) return;
  if (name.includes("/") || name.includes(":"))
    throw new UsageError(`"${name}" is a URL or has a port: give the host name or the address alone, as in ${USAGE}`);
  const isName = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(name);
  if (!isName || name.length > MAX_NAME || /^[\d.]+$/.test(name))
    throw new UsageError(`"${name}" is neither a host name nor an IP address. usage: ${USAGE}`);
}

/** The authority of this folder: the one that is there, else a new one. */
async function loadAuthority(folder: string): Promise<Authority> {
  const [certificate, key] = [path.join(folder, "authority.pem"), path.join(folder, "authority.key.pem")];
  if (existsSync(certificate) && existsSync(key))
    return Authority.load(readFileSync(certificate, "utf8"), readFileSync(key, "utf8"));
  // A new one would have to be installed everywhere again.
  if (existsSync(certificate) || existsSync(key))
    throw new UsageError(`Of the authority in ${folder} a file is missing: authority.pem and authority.key.pem belong
together. Bring back the other one, or remove this one, and a new authority is made.`);
  const year = new Date().getFullYear();
  const authority = await Authority.create({
    name: `xs-websockets local authority ${year}`,
    notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
  });
  mkdirSync(folder, { recursive: true });
  const { certificates, certificatesPem, privateKeyPem } = authority.issued;
  for (const der of certificates) writeFileSync(path.join(folder, "authority.crt"), der);
  writeFileSync(key, privateKeyPem, SECRET);
  writeFileSync(certificate, certificatesPem);
  return authority;
}

async function main(): Promise<number> {
  const { names, settings } = readCommandLine(process.argv.slice(2), []);
  const [name] = names;
  if (name === undefined || settings.size > 0) throw new UsageError(`usage: ${USAGE}`);
  if (names.length > MAX_NAMES) throw new UsageError(`A certificate is for ${MAX_NAMES} names at most.`);
  names.forEach(checkName);
  const folder = certificatesFolder();
  const authority = await loadAuthority(folder);
  const notAfter = new Date(Date.now() + DEVICE_DAYS * DAY_MS);
  const { certificates, privateKey } = await authority.issue({ name, hosts: names, usage: "device", notAfter });
  const device = path.join(folder, "device");
  mkdirSync(device, { recursive: true });
  for (const der of certificates.slice(0, 1)) writeFileSync(path.join(device, "device-certificate.der"), der);
  writeFileSync(path.join(device, "device-key.der"), privateKey, SECRET);
  const manifest = { data: { "*": ["./device-certificate", "./device-key"] } };
  writeFileSync(path.join(device, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  process.stdout.write(describe(folder, names, notAfter));
  return 0;
}

function describe(folder: string, names: readonly string[], notAfter: Date): string {
  return `A certificate for ${names.join(", ")}, until ${notAfter.toISOString().slice(0, 10)}, is in
  ${path.join(folder, "device")}

1. Once on each computer and phone that is to trust your devices: install the authority
     ${path.join(folder, "authority.crt")}
   (docs/tls.md says how). Keep authority.key.pem beside it secret: who has it can pretend to be any website there.
2. Serve TLS with it: npm run esp32 -- rgb-server secure=1 ssid=… password=…
   or npm run simulator -- rgb-server secure=1, or npm start -- secure=1
   In an app of your own, include ${path.join(folder, "device", "manifest.json")}
3. Open https://${names[0] ?? ""}/ (with the port that the app's log shows, where it is not 443).
`;
}

runScript(main);
