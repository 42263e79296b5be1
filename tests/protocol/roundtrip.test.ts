import { Opcode, Role } from "../../modules/common/constants.js";
import { CONNECTION_DEFAULTS, type ConnectionSettings } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { describeBytes, describeText, joined, wireFrames } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";

/** A generator of the same numbers from 0 to 1 for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SETTINGS: ConnectionSettings = {
  ...CONNECTION_DEFAULTS,
  maxMessageBytes: 70_000,
  maxQueueBytes: 200_000,
  maxFragments: 0,
  keepAliveInterval: 0,
};
const LENGTHS: readonly number[] = [0, 1, 2, 5, 124, 125, 126, 127, 200, 1_000, 4_096, 65_535, 65_536];
const LETTERS: readonly string[] = ["a", "z", "\u00e9", "\u20ac", "\u{1f600}", "\u0000"];

/** A transport that takes what it likes, when it likes, and delivers it in pieces of any size. */
class Side {
  readonly owner = new RecordingOwner();
  readonly protocol: Protocol;
  private readonly random: () => number;
  private delivered = 0;

  constructor(role: Role, random: () => number) {
    this.random = random;
    this.protocol = new Protocol(role, SETTINGS, this.owner, this.owner, 0);
  }

  /** Passes what was sent to the peer, cut at random. */
  deliverTo(peer: Side): void {
    let bytes = joined(this.owner.sent.slice(this.delivered));
    this.delivered = this.owner.sent.length;
    while (bytes.length > 0) {
      const count = this.random() < 0.5 ? 1 + Math.floor(this.random() * 8) : 1 + Math.floor(this.random() * 3_000);
      peer.protocol.receive(bytes.slice(0, count), 0);
      bytes = bytes.subarray(count);
    }
  }

  /** Sends a random message. @returns how the peer describes it */
  sendAny(): string[] {
    const length = LENGTHS[Math.floor(this.random() * LENGTHS.length)] ?? 0;
    const fragmentSize = this.random() < 0.5 ? 0 : Math.ceil(length / (1 + Math.floor(this.random() * 6)));
    if (this.random() < 0.5) {
      const payload = Uint8Array.from({ length }, () => Math.floor(this.random() * 256));
      return this.send(Opcode.Binary, payload, fragmentSize, `binary:${describeBytes(payload)}`);
    }
    const letters = Array.from({ length: length >> 2 }, () => LETTERS[Math.floor(this.random() * LETTERS.length)]);
    const text = letters.join("");
    return this.send(Opcode.Text, new TextEncoder().encode(text), fragmentSize, `text:${describeText(text)}`);
  }

  private send(opcode: Opcode, payload: Uint8Array, fragmentSize: number, description: string): string[] {
    this.owner.isBlocking = this.random() < 0.3;
    return this.protocol.send(opcode, payload, fragmentSize, 0) ? [description] : [];
  }

  /** What was received. */
  get messages(): string[] {
    return this.owner.events.filter((event) => /^(text|binary)/.test(event));
  }
}

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  "seed %d: every message arrives, once, in order, whole",
  (seed) => {
    const random = randomOf(seed);
    const client = new Side(Role.Client, random);
    const server = new Side(Role.Server, random);
    const wanted = { client: [] as string[], server: [] as string[] };
    for (let turn = 0; turn < 8; turn++) {
      wanted.server.push(...client.sendAny());
      wanted.client.push(...server.sendAny());
      if (random() < 0.5) client.protocol.ping(new Uint8Array(3), 0);
      if (random() < 0.6) client.protocol.drained(0);
      if (random() < 0.6) server.protocol.drained(0);
      client.deliverTo(server);
      server.deliverTo(client);
    }
    client.protocol.close(1000, "", 0);
    for (const side of [client, server]) side.owner.isBlocking = false;
    for (let turn = 0; turn < 2; turn++) {
      client.protocol.drained(0);
      client.deliverTo(server);
      server.protocol.drained(0);
      server.deliverTo(client);
    }
    expect(server.messages).toEqual(wanted.server);
    expect(client.messages.slice(0, wanted.client.length)).toEqual(wanted.client);
    expect([client.protocol.outcome.wasClean, server.protocol.outcome.wasClean]).toEqual([true, true]);
    for (const side of [client, server]) expect(() => wireFrames(joined(side.owner.sent))).not.toThrow();
    expect(client.owner.frames.every(({ mask }) => mask.length === 4)).toBe(true);
  },
);
