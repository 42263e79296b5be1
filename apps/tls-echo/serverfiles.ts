/** The authority and the certificate of the TLS echo server, in a folder. */

import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import path from "node:path";

import { Authority } from "./certificates.js";

/** Where the files are, and what they are for. */
export interface ServerFiles {
  readonly authorityPem: string;
  readonly authorityDer: string;
  /** The server's certificate and the authority's: a chain. */
  readonly certificatePem: string;
  /** The server's certificate alone. */
  readonly certificateDer: string;
  readonly privateKeyPem: string;
  /** PKCS #8. */
  readonly privateKeyDer: string;
  readonly hosts: readonly string[];
}

/** Only the owner may read a private key. */
const secretMode = 0o600;
const validDays = 365;
const dayMs = 86_400_000;

/** The names and IPv4 addresses by which this machine is reached. */
function ownHosts(): string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const addresses = interfaces.filter(({ family }) => family === "IPv4").map(({ address }) => address);
  return [...new Set(["localhost", hostname(), "127.0.0.1", ...addresses])];
}

async function makeFiles(files: ServerFiles): Promise<void> {
  const notAfter = new Date(Date.now() + validDays * dayMs);
  const authority = await Authority.create({ name: "xs-websockets local test authority", notAfter });
  const server = await authority.issue({ name: "localhost", hosts: files.hosts, notAfter });
  const [authorityDer] = authority.issued.certificates;
  const [certificateDer] = server.certificates;
  if (authorityDer === undefined || certificateDer === undefined) throw new Error("no certificate was made");
  writeFileSync(files.privateKeyPem, server.privateKeyPem, { mode: secretMode });
  writeFileSync(files.privateKeyDer, server.privateKey, { mode: secretMode });
  writeFileSync(files.certificatePem, server.certificatesPem);
  writeFileSync(files.certificateDer, certificateDer);
  writeFileSync(files.authorityPem, authority.issued.certificatesPem);
  // The last one: where it is, the others are complete.
  writeFileSync(files.authorityDer, authorityDer);
}

/** Whether the certificate that is there serves for another day. */
function isUsable({ authorityDer, certificateDer }: ServerFiles): boolean {
  if (!existsSync(authorityDer) || !existsSync(certificateDer)) return false;
  return Date.parse(new X509Certificate(readFileSync(certificateDer)).validTo) > Date.now() + dayMs;
}

function hostsOf(certificateDer: string): string[] {
  const names = new X509Certificate(readFileSync(certificateDer)).subjectAltName ?? "";
  return names.split(", ").map((name) => name.replace(/^[^:]*:/, ""));
}

/** Makes the files where they are missing or have expired. The authority's private key is not kept. */
export async function loadServerFiles(folder: string): Promise<ServerFiles> {
  const file = (name: string): string => path.resolve(folder, name);
  const files: ServerFiles = {
    authorityPem: file("ca.pem"),
    authorityDer: file("ca.der"),
    certificatePem: file("server.pem"),
    certificateDer: file("server.der"),
    privateKeyPem: file("server.key.pem"),
    privateKeyDer: file("server.key.der"),
    hosts: ownHosts(),
  };
  if (!isUsable(files)) {
    mkdirSync(folder, { recursive: true });
    await makeFiles(files);
  }
  return { ...files, hosts: hostsOf(files.certificateDer) };
}
