/** `#hostname` on a device and in the simulator: the SDK's mDNS. */

import SdkMdns from "mdns";
import { isDnsMessage } from "./dnsmessage.js";
import type { Hostname } from "./hostname.js";

/** The part of the SDK's class that is used here: its typings have less. */
interface Mdns {
  add(service: { name: string; protocol: string; port: number; txt: Record<string, string> }): void;
  write(...datagram: unknown[]): void;
  read(kind: ArrayBufferConstructor): ArrayBuffer;
}

const MDNS = SdkMdns as unknown as {
  /** The message that tells of a name: an empty one until it is claimed. */
  readonly hostName: number;
  new (options: { hostName: string }, callback: (message: number, value?: string) => void): Mdns;
};

class Responder extends MDNS {
  /** What the network does not take now may be lost, as any datagram: the SDK repeats what matters. */
  override write(...datagram: unknown[]): void {
    try {
      super.write(...datagram);
    } catch {
      // Without a network there is nobody to tell.
    }
  }

  /** The datagram that came, from anybody; an empty message in the place of what is none. */
  override read(kind: ArrayBufferConstructor): ArrayBuffer {
    const datagram = super.read(kind);
    return isDnsMessage(new Uint8Array(datagram)) ? datagram : new ArrayBuffer(0);
  }
}

export const claimHostname: Hostname["claimHostname"] = (name, port) =>
  new Promise((resolve) => {
    try {
      const responder = new Responder({ hostName: name }, (message, claimed) => {
        if (message !== MDNS.hostName || claimed === undefined || claimed === "") return;
        responder.add({ name: "http", protocol: "tcp", port, txt: {} });
        resolve(`${claimed}.local`);
      });
    } catch (error) {
      // On a computer the port of mDNS may be another program's.
      trace(`No name by mDNS: ${String(error)}\n`);
      resolve(undefined);
    }
  });
