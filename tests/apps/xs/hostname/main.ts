/** Claims a name in a network where another device has it. */

import { claimHostname } from "apps/#hostname";
import Timer from "timer";
import type { Socket } from "./socket.js";

function network(): Socket {
  const { network } = globalThis as { network?: Socket };
  if (network === undefined) throw new Error("No socket was made.");
  return network;
}

/** "NAME.local" as DNS writes it (RFC 1035, 3.1). */
function nameBytes(name: string): readonly number[] {
  return [name, "local", ""].flatMap((label) => [label.length, ...Array.from(label, (letter) => letter.charCodeAt(0))]);
}

/** RFC 1035, 4.1: flags, and how many questions and answers; type A and class IN with the flag of RFC 6762, 5.4 and 10.2. */
const ADDRESS = [0, 1, 0x80, 1];
const TAKEN = [
  0,
  0,
  0x84,
  0,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  0,
  ...nameBytes("rgb"),
  ...ADDRESS,
  0,
  0,
  0,
  120,
  0,
  4,
  192,
  0,
  2,
  9,
];
const QUESTION = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...nameBytes("rgb-2"), ...ADDRESS];
const HEAD = QUESTION.slice(0, 12);
/** A head, and a record of the name and type with these data. */
function record(type: number, data: readonly number[]): readonly number[] {
  return [
    0,
    0,
    0x84,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    ...nameBytes("a"),
    0,
    type,
    0,
    1,
    0,
    0,
    0,
    120,
    0,
    data.length,
    ...data,
  ];
}

/** What would harm or disturb a reader that trusts it. */
const NOISE: readonly (readonly number[])[] = [
  [],
  [0],
  // A question that is cut off: in its name, behind it.
  QUESTION.slice(0, 20),
  QUESTION.slice(0, 25),
  // A name that points to itself, at once or behind a label; one that points ahead.
  [...HEAD, 0xc0, 12, ...ADDRESS],
  [...HEAD, 1, 97, 0xc0, 12, ...ADDRESS],
  [...HEAD, 0xc0, 18, ...ADDRESS, 0],
  // The same within the data of PTR and of SRV, where the name begins at 29 and at 35.
  record(12, [0xc0, 29]),
  record(33, [0, 0, 0, 0, 0, 80, 0xc0, 35]),
  // A label of 64 bytes, one that is no UTF-8, a name of more than 255 bytes; 65,535 questions.
  [...HEAD, 64, ...new Array<number>(64).fill(97), 0, ...ADDRESS],
  [...HEAD, 1, 0xf0, 0, ...ADDRESS],
  [...HEAD, ...new Array<readonly number[]>(130).fill([1, 97]).flat(), 0, ...ADDRESS],
  [0, 0, 0, 0, 255, 255, ...QUESTION.slice(6)],
];

async function main(): Promise<void> {
  const claimed = claimHostname("rgb", 80);
  Timer.set(() => {
    // The network is there, and so is the other device.
    network().isCutOff = false;
    network().arrive(TAKEN);
  }, 400);
  trace(`claimed ${await claimed}\n`);
  for (const bytes of NOISE) network().arrive(bytes);
  trace(`${NOISE.length} bad datagrams are borne\n`);
  network().arrive(QUESTION);
  trace("done\n");
}

main().catch((error: unknown) => trace(`${String(error)}\n`));
