/** What is stored on a device: its own certificate (`useStoredDeviceCertificate`), and whom it trusts of itself. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import "../../apps/tls-echo/reflection.js";
import { SubjectKeyIdentifierExtension, X509Certificate } from "@peculiar/x509";
import { writeWhole } from "../support/building.js";
import type { SuiteServers } from "./suiteservers.js";

const CERTIFICATE = "device-certificate.der";
const KEY = "device-key.der";
/** The SDK's names for the first authority, and for the list of the key identifiers of all. */
const AUTHORITY = "ca0.der";
const AUTHORITIES = "ca.ski";

/** What the hosts find: on Node files that the environment names, on XS resources of the app. */
export class Device {
  private readonly folder = mkdtempSync(path.join(tmpdir(), "device-"));
  private readonly servers: SuiteServers;

  constructor(servers: SuiteServers) {
    this.servers = servers;
    this.write(this.folder);
    process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"] = path.join(this.folder, CERTIFICATE);
    process.env["XS_WEBSOCKETS_DEVICE_KEY"] = path.join(this.folder, KEY);
  }

  /**
   * An app like that in the folder `app`, with the certificate among its resources, and the authorities of the tests in
   * the place of the SDK's. Like an app that names too few resources, it has the list of all and the first of them only.
   *
   * @returns its folder
   */
  createApp(app: string): string {
    const folder = path.join("build", "tests", "stored", path.basename(app));
    mkdirSync(folder, { recursive: true });
    this.write(folder);
    const include = path.relative(folder, path.join(app, "manifest.json")).replaceAll("\\", "/");
    const [first = new Uint8Array()] = this.servers.authorities;
    writeWhole(path.join(folder, AUTHORITY), first);
    writeWhole(path.join(folder, AUTHORITIES), Buffer.concat(this.servers.authorities.map(keyIdentifierOf)));
    const names = [CERTIFICATE, KEY, AUTHORITY, AUTHORITIES].map((name) => `./${path.parse(name).name}`);
    const resources = { "*": names };
    // Of two files with the same name mcconfig takes the one that is included first.
    writeWhole(path.join(folder, "resources.json"), JSON.stringify({ resources }));
    writeWhole(path.join(folder, "manifest.json"), JSON.stringify({ include: ["./resources.json", include] }));
    return folder;
  }

  remove(): void {
    delete process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"];
    delete process.env["XS_WEBSOCKETS_DEVICE_KEY"];
    rmSync(this.folder, { recursive: true, force: true });
  }

  private write(folder: string): void {
    const { clientCertificate, clientPrivateKey } = this.servers.settings.identity;
    writeWhole(path.join(folder, CERTIFICATE), Buffer.from(clientCertificate, "base64"));
    writeWhole(path.join(folder, KEY), Buffer.from(clientPrivateKey, "base64"));
  }
}

function keyIdentifierOf(certificate: Uint8Array): Buffer {
  const extension = new X509Certificate(new Uint8Array(certificate)).getExtension(SubjectKeyIdentifierExtension);
  return Buffer.from(extension?.keyId ?? "", "hex");
}
