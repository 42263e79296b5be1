/** Where the library's side of the fault tests runs: in this process, or on XS in the simulator. */

import type { ControlledApp } from "../support/controlledapp.js";
import { type AgentCommands, createAgent } from "./agent.js";

/** Milliseconds that suit a host. */
export interface FaultTimes {
  /** Options with which what is to be noticed is noticed soon. */
  readonly alert: {
    readonly keepAliveInterval: number;
    readonly serverTimeout: number;
    readonly closeTimeoutMs: number;
  };
  /** For `handshakeTimeoutMs` and `connectTimeout`. */
  readonly handshakeMs: number;
  /** For `messageTimeoutMs`: longer than what `alert` waits for. */
  readonly messageMs: number;
  /** Within which a dead connection is noticed with the options above, on a busy machine too: without them it is later. */
  readonly noticeMs: number;
}

type Name = keyof AgentCommands;
type Argument<Command extends Name> = Parameters<AgentCommands[Command]>[0];
type Answer<Command extends Name> = Awaited<ReturnType<AgentCommands[Command]>>;

export interface FaultHost {
  readonly isXs: boolean;
  readonly times: FaultTimes;
  /** Lets the host's agent do something. */
  ask<Command extends Name>(command: Command, argument: Argument<Command>): Promise<Answer<Command>>;
  /** Whether the library has logged such a text. */
  hasLogged(text: string): boolean;
  /** Bytes of buffers that are reachable. */
  measureBuffers(): Promise<number>;
}

/** This process. @param log the spy on the console, by which the library logs */
export function nodeHost(log: jest.SpyInstance): FaultHost {
  const agent = createAgent();
  return {
    isXs: false,
    times: {
      alert: { keepAliveInterval: 100, serverTimeout: 500, closeTimeoutMs: 500 },
      handshakeMs: 500,
      messageMs: 1_200,
      noticeMs: 10_000,
    },
    async ask<Command extends Name>(command: Command, argument: Argument<Command>): Promise<Answer<Command>> {
      const answer: unknown = await agent[command](argument as never);
      return answer as Answer<Command>;
    },
    hasLogged: (text) => log.mock.calls.some(([line]) => String(line).includes(text)),
    measureBuffers: () => Promise.resolve(process.memoryUsage().arrayBuffers),
  };
}

/** The app of tests/xs/faults, which looks at each of its sockets every 20 ms. */
export function xsHost(app: ControlledApp): FaultHost {
  return {
    isXs: true,
    times: {
      alert: { keepAliveInterval: 300, serverTimeout: 800, closeTimeoutMs: 800 },
      handshakeMs: 1_000,
      messageMs: 2_200,
      noticeMs: 20_000,
    },
    async ask<Command extends Name>(command: Command, argument: Argument<Command>): Promise<Answer<Command>> {
      return (await app.ask(command, argument)) as Answer<Command>;
    },
    hasLogged: (text) => app.simulator.lines.some((line) => line.includes(text)),
    measureBuffers: () => app.ask("chunks") as Promise<number>,
  };
}
