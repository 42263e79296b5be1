/** A device with TLS, its certificates, and peers of Node.js's TLS. */

import { once } from "node:events";
import type { ConnectionOptions, SecureVersion } from "node:tls";
import { WebSocket } from "ws";

import { Authority, type Issued } from "../../apps/tls-echo/certificates.js";
import { type Bench, type Case, defineCase, PORT } from "./bench.js";
import { Behaviour, type IdentityText } from "./commands.js";
import type { Peer } from "./peer.js";
import { TAP_NETWORK } from "./tap.js";

/** The name of the device in its certificate. */
export const NAME = "device.example";

interface Made {
  readonly issued: Issued;
  readonly identity: IdentityText;
  readonly authority: string;
  readonly authorityPem: string;
}

async function make(): Promise<Made> {
  const root = await Authority.create({ name: "an authority" });
  const issued = await root.issue({ name: NAME, hosts: [NAME, TAP_NETWORK.peerAddress], usage: "device" });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const authority = base64(root.issued.certificates[0] ?? new Uint8Array());
  return {
    issued,
    identity: { certificates: issued.certificates.map(base64), privateKey: base64(issued.privateKey) },
    authority,
    authorityPem: root.issued.certificatesPem,
  };
}

let made: Promise<Made> | undefined;

/** The device under test with its certificates. */
export class Secured {
  readonly bench: Bench;
  readonly made: Made;

  constructor(bench: Bench, certificates: Made) {
    this.bench = bench;
    this.made = certificates;
  }

  listen(behaviour: Behaviour, amount = 0): Promise<void> {
    return this.bench.listen(behaviour, amount, PORT, this.made.identity);
  }

  /** What a client of Node.js trusts. */
  trust(version?: SecureVersion): ConnectionOptions {
    const versions = version === undefined ? {} : { minVersion: version, maxVersion: version };
    return { servername: NAME, ca: this.made.authorityPem, ...versions };
  }

  dial(version?: SecureVersion, timeoutMs = 20_000): Promise<Peer> {
    return this.bench.dial({ timeoutMs, tls: this.trust(version) });
  }

  async pair(version?: SecureVersion): Promise<{ readonly peer: Peer; readonly id: number }> {
    const from = this.bench.device.lines.length;
    const peer = await this.dial(version);
    return { peer, id: await this.bench.accepted(from) };
  }

  /** The device connects to a server of Node.js. */
  async connect(
    behaviour: Behaviour,
    amount = 0,
    version: SecureVersion = "TLSv1.3",
  ): Promise<{ readonly peer: Peer; readonly id: number }> {
    const { certificatesPem: cert, privateKeyPem: key } = this.made.issued;
    let accepted: (peer: Peer) => void = () => undefined;
    const come = new Promise<Peer>((resolve) => (accepted = resolve));
    const { port } = await this.bench.serve(accepted, { cert, key, minVersion: version, maxVersion: version });
    const host = this.bench.network.peerAddress;
    const { authority } = this.made;
    const id = (await this.bench.tell({ do: "connect", host, port, behaviour, amount, authority })) as number;
    return { peer: await come, id };
  }

  /** A WebSocket of the device's server, that is open. */
  async openWebSocket(timeoutMs = 20_000): Promise<WebSocket> {
    const url = `wss://${this.bench.network.deviceAddress}:${PORT}/`;
    const options = { ...this.trust(), perMessageDeflate: false, handshakeTimeout: timeoutMs };
    const socket = new WebSocket(url, options);
    await once(socket, "open");
    return socket;
  }
}

/** A case on a device that has had a handshake in both roles: what is allocated once is there. */
export function defineTlsCase(name: string, run: (secured: Secured) => Promise<void>): Case {
  return defineCase(name, async (bench) => {
    const secured = new Secured(bench, await (made ??= make()));
    await secured.listen(Behaviour.echo);
    (await secured.dial()).socket.end();
    (await secured.connect(Behaviour.check)).peer.socket.end();
    await bench.until(({ established }) => established === 0, "the first connections are left");
    await bench.startAnew();
    await run(secured);
  });
}
