/** A server that accepts clients, mostly, and then sends them mutated streams. */

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ENOUGH } from "./fuzzclients.js";
import { Random } from "./random.js";
import { chunksOf, randomHead, randomStream } from "./streams.js";
import { acceptOf, upgradeAnswer } from "../support/upgrades.js";
import { letTimePass } from "../support/waiting.js";

/** The value of Sec-WebSocket-Accept in the heads of streams.ts. */
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export class FuzzServer {
  private readonly server: Server;
  private readonly seeds: Random;
  private readonly gapMs: number;
  private left: number;

  /** @param count connections that are attacked; later ones are told that it is enough */
  constructor(seed: number, count: number, gapMs: number) {
    this.seeds = new Random(seed);
    this.left = count;
    this.gapMs = gapMs;
    this.server = createServer((socket) => {
      let request = "";
      socket.on("error", () => undefined);
      socket.on("data", (bytes: Buffer) => {
        if (request.includes("\r\n\r\n")) return;
        request += bytes.toString("latin1");
        if (request.includes("\r\n\r\n")) void this.attack(socket, request);
      });
    });
  }

  /** Listens. @returns the port */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
  }

  private async attack(socket: Socket, request: string): Promise<void> {
    if (this.left-- <= 0) {
      socket.end(`HTTP/1.1 ${ENOUGH} Gone\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const random = new Random(this.seeds.below(0x1_0000_0000));
    for (const chunk of [
      ...headChunks(random, request),
      ...chunksOf(random, randomStream(random, false)).slice(0, 10),
    ]) {
      if (!socket.writable) return;
      socket.write(chunk);
      await letTimePass(random.pick([0, 0, this.gapMs]));
    }
    // What neither ends nor goes on is ended by the client.
    const end = random.below(4);
    if (end === 0) socket.resetAndDestroy();
    else if (end < 3) socket.end();
  }
}

/** The answer to a request: mostly a good one, whole or in chunks. */
function headChunks(random: Random, request: string): Uint8Array[] {
  if (!random.isOnceIn(4)) return [Buffer.from(upgradeAnswer(request))];
  const head = Buffer.from(randomHead(random, true)).toString("latin1").replace(ACCEPT, acceptOf(request));
  return chunksOf(random, Buffer.from(head, "latin1")).slice(0, 20);
}
