/** A certificate that is stored on the device, for the tests of `useStoredDeviceCertificate`. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SuiteSettings } from "./suite.js";

const CERTIFICATE = "device-certificate.der";
const KEY = "device-key.der";

/** What the hosts find: on Node files that the environment names, on XS resources of the app. */
export class StoredIdentity {
  private readonly folder = mkdtempSync(path.join(tmpdir(), "device-"));
  private readonly identity: SuiteSettings["identity"];

  constructor(identity: SuiteSettings["identity"]) {
    this.identity = identity;
    this.write(this.folder);
    process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"] = path.join(this.folder, CERTIFICATE);
    process.env["XS_WEBSOCKETS_DEVICE_KEY"] = path.join(this.folder, KEY);
  }

  /** An app like that in the folder `app`, which has the certificate among its resources. @returns its folder */
  createApp(app: string): string {
    const folder = path.join("build", "tests", "stored", path.basename(app));
    mkdirSync(folder, { recursive: true });
    this.write(folder);
    const include = path.relative(folder, path.join(app, "manifest.json")).replaceAll("\\", "/");
    const resources = { "*": [CERTIFICATE, KEY].map((name) => `./${path.parse(name).name}`) };
    writeFileSync(path.join(folder, "manifest.json"), JSON.stringify({ include: [include], resources }));
    return folder;
  }

  remove(): void {
    delete process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"];
    delete process.env["XS_WEBSOCKETS_DEVICE_KEY"];
    rmSync(this.folder, { recursive: true, force: true });
  }

  private write(folder: string): void {
    writeFileSync(path.join(folder, CERTIFICATE), Buffer.from(this.identity.clientCertificate, "base64"));
    writeFileSync(path.join(folder, KEY), Buffer.from(this.identity.clientPrivateKey, "base64"));
  }
}
