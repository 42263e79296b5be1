/** The brokers that the tests of Node.js and of XS talk to. */

import { testCertificates } from "../support/certificates.js";
import { mosquitto, natsServer, startAedes, startMosquitto, startNats, type Broker } from "./brokers.js";

/** A broker, and what it can. */
export interface Candidate {
  readonly name: string;
  /** Undefined where its program is missing. */
  readonly start: (() => Promise<Broker>) | undefined;
  /** Whether it is reached by wss, too. */
  readonly hasSecure: boolean;
  /** Whether it keeps what is said over a restart. */
  readonly hasRestart: boolean;
}

async function startOneOfNats(): Promise<Broker> {
  const [broker] = await startNats();
  if (broker === undefined) throw new Error("There is no broker.");
  return broker;
}

export const CANDIDATES: readonly Candidate[] = [
  {
    name: "mosquitto",
    start: mosquitto === undefined ? undefined : async () => startMosquitto((await testCertificates()).right),
    ...{ hasSecure: true, hasRestart: true },
  },
  { name: "aedes", start: () => startAedes(), hasSecure: false, hasRestart: false },
  {
    name: "nats-server",
    start: natsServer === undefined ? undefined : startOneOfNats,
    ...{ hasSecure: false, hasRestart: true },
  },
];
