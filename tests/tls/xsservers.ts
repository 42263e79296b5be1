/** The app of tests/xs/tlsserver in the simulator, and the certificates that its servers show. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Issued } from "../../apps/tls-echo/certificates.js";
import type { Sdk } from "../../scripts/sdk.js";
import { type Certificates, testCertificates } from "../support/certificates.js";
import { ControlledApp } from "../support/controlledapp.js";
import type { Memory } from "../support/memory.js";

/** What the app holds. */
export interface TlsLevels extends Memory {
  /** Bytes that are allocated natively. */
  readonly native: number;
  readonly clients: number;
}

function toText({ certificates, privateKey }: Issued): object {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return { certificates: certificates.map(base64), privateKey: base64(privateKey) };
}

export class TlsServers {
  readonly certificates: Certificates;
  /** The authority's certificate, PEM, and a file of it. */
  readonly authority: string;
  readonly authorityFile: string;
  /** A listener that shows `right`, or `wildcard` to whoever asks for it. */
  port = 0;
  /** One that asks clients for a certificate of the authority. */
  mutualPort = 0;
  readonly app: ControlledApp;
  private readonly folder: string;

  private constructor(app: ControlledApp, certificates: Certificates, folder: string) {
    this.app = app;
    this.certificates = certificates;
    this.folder = folder;
    const base64 = Buffer.from(certificates.authority).toString("base64").replaceAll(/.{64}/g, "$&\n");
    this.authority = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
    this.authorityFile = this.write("authority.pem", this.authority);
  }

  static async start(sdk: Sdk): Promise<TlsServers> {
    const certificates = await testCertificates();
    const app = await ControlledApp.start(sdk, "tests/xs/tlsserver", ["-i"]);
    const servers = new TlsServers(app, certificates, mkdtempSync(path.join(tmpdir(), "tls-")));
    const identities = [certificates.right, certificates.wildcard].map(toText);
    servers.port = (await app.ask("serve", { identities, clientAuthority: "" })) as number;
    const clientAuthority = Buffer.from(certificates.authority).toString("base64");
    servers.mutualPort = (await app.ask("serve", { identities, clientAuthority })) as number;
    return servers;
  }

  /** Writes a file that is gone after the tests. @returns its path */
  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  levels(): Promise<TlsLevels> {
    return this.app.ask("memory") as Promise<TlsLevels>;
  }

  async stop(): Promise<void> {
    await this.app.stop();
    rmSync(this.folder, { recursive: true });
  }
}
