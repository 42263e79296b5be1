/** Does what the steps of a case say. */

import { describeBytes, describeFrame } from "../support/vectors.js";
import type { Case, Message, Step } from "./case.js";
import type { Pace, Peer } from "./peer.js";
import { CLOSE_TIMEOUT_MS } from "./profiles.js";

/** What became of a case: undefined is well. */
export interface Result {
  readonly case: Case;
  readonly problem: string | undefined;
}

/** @throws Error that says which step failed, and why */
export async function runSteps(row: Case, peer: Peer): Promise<void> {
  for (const [at, step] of row.steps.entries()) {
    try {
      await runStep(step, peer, row);
    } catch (cause) {
      throw new Error(`step ${at + 1} (${describeStep(step)}): ${messageOf(cause)}`, { cause });
    }
  }
}

async function runStep(step: Step, peer: Peer, { side, isBig = false }: Case): Promise<void> {
  switch (step.do) {
    case "send":
      return peer.send(step.bytes(side === "server"), step.cut);
    case "expect": {
      const found = describeFrame(await peer.frame(isBig));
      if (found !== step.frame) throw new Error(`it sent ${found}`);
      return;
    }
    case "compress":
      return peer.sendCompressed(step.message, step.fragmentBytes);
    case "inflate": {
      const message = await peer.message(isBig);
      const [found, wanted] = [message, step.message].map(describeMessage);
      if (found !== wanted) throw new Error(`it sent ${found}, wanted ${wanted}`);
      for (const what of ["isCompressed", "refersBack"] as const)
        if (message[what] !== (step[what] ?? message[what])) throw new Error(`${what} is ${message[what]}`);
      return;
    }
    case "fail": {
      const found = describeFrame(await peer.frame(isBig));
      if (found !== `close:${step.status}`) throw new Error(`it sent ${found}`);
      return;
    }
    case "silence":
      return peer.silence(step.ms);
    case "end":
      peer.end();
      return;
    case "reset":
      peer.reset();
      return;
    case "ended":
      // RFC 6455, 7.1.1: a client waits for the server to end TCP; the runner then is the server.
      if (side === "client" && step.withinMs === undefined) peer.end();
      return peer.ended(step.withinMs ?? CLOSE_TIMEOUT_MS);
  }
}

function describeMessage({ isText, bytes }: Message): string {
  return `${isText ? "text" : "binary"}:${describeBytes(bytes)}`;
}

function describeStep(step: Step): string {
  switch (step.do) {
    case "expect":
      return `wants ${step.frame}`;
    case "fail":
      return `wants close:${step.status}`;
    default:
      return step.do;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs all of a list, so many at the same time. */
export async function inParallel<T>(
  items: readonly T[],
  { parallel }: Pace,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
