/**
 * What every host's `#network` promises, as named tests. The same ones run on Node under Jest and in the Moddable
 * simulator, whose sockets are polled every 20 ms with 1,536 bytes: the volumes are chosen for it.
 */

import type { Listener, Network, Platform, Socket } from "../../hosts/contract.js";
import { assert, assertBytes, assertEqual, codeOf, pattern, type Tests } from "../support/assertions.js";
import { type Accepted, Recorder } from "../support/recorder.js";
import { unreadTests } from "./unread.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** The parts of a host that the tests use. */
export interface Host {
  readonly network: Network;
  readonly platform: Pick<Platform, "clearTimer" | "setTimer">;
}

/** Nobody listens on it, and no system gives it away, as it does with one that was just closed. */
const CLOSED_PORT = 9;

/** Longer than a busy machine takes. */
const testTimeoutMs = 100_000;

/** A listener on a port of its own, and who came. */
interface Station {
  readonly listener: Listener;
  /** The next connection that comes. */
  accepted(): Promise<Accepted>;
}

class Bench {
  readonly #host: Host;
  readonly #sockets: Socket[] = [];
  readonly #listeners: Listener[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  listen(port = 0, accepts = true): Promise<Station> {
    const waiting: ((accepted: Accepted) => void)[] = [];
    return new Promise((resolve, reject) => {
      const listener = this.#host.network.listen(
        { port },
        {
          accept: (socket) => {
            if (!accepts) return undefined;
            this.#sockets.push(socket);
            const recorder = new Recorder();
            waiting.shift()?.({ socket, recorder });
            return recorder;
          },
          failed: reject,
          listening: () => {
            resolve({
              listener,
              accepted: () => new Promise((done) => waiting.push(done)),
            });
          },
        },
      );
      this.#listeners.push(listener);
    });
  }

  connect(port: number, host = "127.0.0.1"): Accepted {
    const recorder = new Recorder();
    const socket = this.#host.network.connect({ host, port }, recorder);
    this.#sockets.push(socket);
    return { socket, recorder };
  }

  /** Two ends of one connection. */
  async pair(): Promise<{ readonly client: Accepted; readonly server: Accepted; readonly station: Station }> {
    const station = await this.listen();
    const accepting = station.accepted();
    const client = this.connect(station.listener.port);
    const [server] = await Promise.all([accepting, client.recorder.whenOpened]);
    return { client, server, station };
  }

  /** Runs a test within a bounded time, and leaves no socket behind. */
  async run(test: (bench: Bench) => Promise<void>): Promise<void> {
    const { platform } = this.#host;
    const deadline = new Promise<never>((_resolve, reject) => {
      const timer = platform.setTimer(() => {
        reject(new Error(`no end within ${testTimeoutMs.toString()} ms`));
      }, testTimeoutMs);
      this.#stopDeadline = () => {
        platform.clearTimer(timer);
      };
    });
    try {
      await Promise.race([test(this), deadline]);
    } finally {
      this.#stopDeadline();
      for (const socket of this.#sockets) socket.destroy();
      for (const listener of this.#listeners) listener.close();
    }
  }

  #stopDeadline = (): void => undefined;
}

async function echoes(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  server.recorder.onReceived = (bytes) => server.socket.write(bytes);
  client.socket.write(pattern(700));
  assertBytes(await client.recorder.take(700), pattern(700));
}

async function keepsTheOrderOfManyWrites(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  const whole = pattern(4_000);
  for (let start = 0; start < whole.byteLength; start += 40) client.socket.write(whole.subarray(start, start + 40));
  assertBytes(await server.recorder.take(4_000), whole);
}

async function deliversWhatIsWrittenBeforeOpen(bench: Bench): Promise<void> {
  const station = await bench.listen();
  const accepting = station.accepted();
  const client = bench.connect(station.listener.port);
  assertEqual(client.socket.write(pattern(100)), "full", "result of write before open");
  assertEqual(client.socket.bufferedAmount, 100, "bufferedAmount before open");
  assertEqual(client.recorder.events.join(), "", "events within connect and write");
  const server = await accepting;
  assertBytes(await server.recorder.take(100), pattern(100));
  await client.recorder.whenDrained;
  assertEqual(client.recorder.events.join(), "opened,drained", "events");
  assertEqual(client.socket.bufferedAmount, 0, "bufferedAmount after drain");
}

async function deliversMuchUnderBackPressure(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  const half = pattern(100_000);
  if (client.socket.write(half) === "full") await client.recorder.whenDrained;
  assertEqual(client.socket.bufferedAmount, 0, "bufferedAmount after drain");
  client.socket.write(pattern(100_000, 7));
  const received = await server.recorder.take(200_000);
  assertBytes(received.subarray(0, 100_000), half);
  assertBytes(received.subarray(100_000), pattern(100_000, 7));
}

async function tellsThePeersEndOnce(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  server.socket.end();
  assertEqual(await client.recorder.whenClosed, undefined, "error of closed");
  await server.recorder.whenClosed;
  await letTimePass(60);
  assertEqual(client.recorder.events.join(), "opened,closed", "events of the client");
  assertEqual(server.recorder.events.join(), "closed", "events of the server");
  assertEqual(client.socket.write(pattern(1)), "over", "result of write after close");
  assertEqual(client.socket.bufferedAmount, 0, "bufferedAmount after close");
}

async function endFlushes(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  client.socket.write(pattern(20_000));
  client.socket.end();
  assertEqual(client.socket.write(pattern(1)), "over", "result of write after end");
  assertEqual(client.recorder.events.join(), "opened", "events within end");
  assertBytes(await server.recorder.take(20_000), pattern(20_000));
  await server.recorder.whenClosed;
  await client.recorder.whenClosed;
}

async function endWithinDrainFlushes(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  const finish = (): void => {
    client.recorder.onDrained = undefined;
    client.socket.write(pattern(30_000, 7));
    client.socket.end();
  };
  client.recorder.onDrained = finish;
  // A host that takes all of it at once has nothing to drain.
  if (client.socket.write(pattern(30_000)) === "taken") finish();
  const received = await server.recorder.take(60_000);
  assertBytes(received.subarray(0, 30_000), pattern(30_000));
  assertBytes(received.subarray(30_000), pattern(30_000, 7));
  await server.recorder.whenClosed;
}

async function endBeforeOpenFlushes(bench: Bench): Promise<void> {
  const station = await bench.listen();
  const accepting = station.accepted();
  const client = bench.connect(station.listener.port);
  client.socket.write(pattern(300));
  client.socket.end();
  const server = await accepting;
  assertBytes(await server.recorder.take(300), pattern(300));
  await Promise.all([server.recorder.whenClosed, client.recorder.whenClosed]);
}

async function sendingToALostPeerIsOneClose(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  client.socket.write(pattern(10));
  await letTimePass(60);
  server.socket.destroy();
  // The first write is answered by a reset, on loopback at once; the next ones fail.
  for (let index = 0; index < 5; index += 1) client.socket.write(pattern(100));
  assert(!client.recorder.events.includes("closed"), "closed within write");
  await client.recorder.whenClosed;
  await letTimePass(60);
  assertEqual(client.recorder.events.filter((event) => event === "closed").length, 1, "calls of closed");
  assertEqual(client.socket.bufferedAmount, 0, "bufferedAmount after close");
}

async function destroyIsSilent(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  client.socket.write(pattern(10));
  client.socket.destroy();
  client.socket.destroy();
  await server.recorder.whenClosed;
  await letTimePass(60);
  assertEqual(client.recorder.events.join(), "opened", "events after destroy");
  assertEqual(client.socket.bufferedAmount, 0, "bufferedAmount after destroy");
}

async function destroyWithinDataIsSilent(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  let calls = 0;
  server.recorder.onReceived = () => {
    calls += 1;
    server.socket.destroy();
  };
  client.socket.write(pattern(4_000));
  await client.recorder.whenClosed;
  await letTimePass(60);
  assertEqual(calls, 1, "calls of received");
  assertEqual(server.recorder.events.join(), "", "events after destroy");
}

async function destroyBeforeOpenIsSilent(bench: Bench): Promise<void> {
  const { listener } = await bench.listen();
  const client = bench.connect(listener.port);
  client.socket.destroy();
  await letTimePass(100);
  assertEqual(client.recorder.events.join(), "", "events after destroy");
}

async function refusalIsOneCloseWithAnError(bench: Bench): Promise<void> {
  const client = bench.connect(CLOSED_PORT);
  assertEqual(codeOf(await client.recorder.whenClosed), "ECONNREFUSED", "code");
  await letTimePass(60);
  assertEqual(client.recorder.events.join(), "closed", "events");
}

async function localhostIsKnown(bench: Bench): Promise<void> {
  const { listener } = await bench.listen();
  const client = bench.connect(listener.port, "localhost");
  await client.recorder.whenOpened;
}

async function addressesStayReadable(bench: Bench): Promise<void> {
  const { client, server, station } = await bench.pair();
  assertEqual(client.socket.remotePort, station.listener.port, "remotePort");
  assertEqual(client.socket.remoteAddress, "127.0.0.1", "remoteAddress");
  assert(server.socket.remoteAddress.endsWith("127.0.0.1"), `remoteAddress is ${server.socket.remoteAddress}`);
  assert(server.socket.remotePort > 0, "no remotePort");
  const { remotePort } = server.socket;
  server.socket.destroy();
  assertEqual(server.socket.remotePort, remotePort, "remotePort after the end");
}

async function pauseHoldsDataBack(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  assertEqual(server.socket.isPaused, false, "isPaused at first");
  server.socket.pause();
  assertEqual(server.socket.isPaused, true, "isPaused after pause");
  client.socket.write(pattern(5_000));
  await letTimePass(150);
  assertEqual(server.recorder.receivedBytes, 0, "bytes while paused");
  server.socket.resume();
  assertEqual(server.socket.isPaused, false, "isPaused after resume");
  assertEqual(server.recorder.receivedBytes, 0, "bytes within resume");
  assertBytes(await server.recorder.take(5_000), pattern(5_000));
}

async function pauseWithinDataHoldsTheRest(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  server.recorder.onReceived = () => {
    server.socket.pause();
    server.recorder.onReceived = undefined;
  };
  client.socket.write(pattern(200));
  await eventually(() => server.socket.isPaused, "the pause");
  client.socket.write(pattern(300));
  await letTimePass(80);
  assertEqual(server.recorder.receivedBytes, 0, "bytes while paused");
  server.socket.resume();
  assertBytes(await server.recorder.take(300), pattern(300));
}

async function theEndWhilePausedFollowsTheData(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  server.socket.pause();
  client.socket.write(pattern(600));
  client.socket.end();
  await letTimePass(150);
  assertEqual(server.recorder.events.join(), "", "events while paused");
  server.socket.resume();
  assertBytes(await server.recorder.take(600), pattern(600));
  await server.recorder.whenClosed;
}

async function handlersAreExchanged(bench: Bench): Promise<void> {
  const { client, server } = await bench.pair();
  const second = new Recorder();
  const first = { hasCome: false };
  server.recorder.onReceived = () => {
    server.socket.handlers = second;
    first.hasCome = true;
  };
  client.socket.write(pattern(10));
  await eventually(() => first.hasCome, "the first bytes");
  client.socket.write(pattern(20));
  client.socket.end();
  assertBytes(await second.take(20), pattern(20));
  await second.whenClosed;
  assertEqual(server.recorder.events.join(), "", "events of the first handlers");
}

async function aPortInUseIsAnError(bench: Bench): Promise<void> {
  const { listener } = await bench.listen();
  let error: unknown;
  try {
    await bench.listen(listener.port);
  } catch (thrown) {
    error = thrown;
  }
  assertEqual(codeOf(error), "EADDRINUSE", "code");
  const client = bench.connect(listener.port);
  await client.recorder.whenOpened;
}

async function aClosedListenerKeepsItsConnections(bench: Bench): Promise<void> {
  const { client, server, station } = await bench.pair();
  station.listener.close();
  station.listener.close();
  const late = bench.connect(client.socket.remotePort);
  assertEqual(codeOf(await late.recorder.whenClosed), "ECONNREFUSED", "code");
  client.socket.write(pattern(50));
  assertBytes(await server.recorder.take(50), pattern(50));
}

async function undefinedRefuses(bench: Bench): Promise<void> {
  const { listener } = await bench.listen(0, false);
  const client = bench.connect(listener.port);
  await client.recorder.whenClosed;
  assert(!client.recorder.events.includes("drained"), "a refused socket drains");
}

/** @returns the tests of the sockets of `host`, by name */
export function socketTests(host: Host): Tests {
  const run = (test: (bench: Bench) => Promise<void>) => () => new Bench(host).run(test);
  return {
    "a socket echoes": run(echoes),
    "a socket keeps the order of many writes": run(keepsTheOrderOfManyWrites),
    "a socket delivers what is written before open": run(deliversWhatIsWrittenBeforeOpen),
    "a socket delivers 200 KB under back-pressure": run(deliversMuchUnderBackPressure),
    "a socket tells its peer's end, once": run(tellsThePeersEndOnce),
    "end() flushes": run(endFlushes),
    "end() within drain flushes what was written there": run(endWithinDrainFlushes),
    "end() before open flushes": run(endBeforeOpenFlushes),
    "sending to a lost peer is one close": run(sendingToALostPeerIsOneClose),
    "destroy() is silent": run(destroyIsSilent),
    "destroy() within data is silent": run(destroyWithinDataIsSilent),
    "destroy() before open is silent": run(destroyBeforeOpenIsSilent),
    "a refused connection is one close with an error": run(refusalIsOneCloseWithAnError),
    "localhost is known": run(localhostIsKnown),
    "remoteAddress and remotePort stay readable": run(addressesStayReadable),
    "pause() holds data back": run(pauseHoldsDataBack),
    "pause() within data holds the rest back": run(pauseWithinDataHoldsTheRest),
    "the peer's end while paused follows its data": run(theEndWhilePausedFollowsTheData),
    "handlers are exchanged": run(handlersAreExchanged),
    "a listener on a port in use reports an error": run(aPortInUseIsAnError),
    "a closed listener keeps its connections": run(aClosedListenerKeepsItsConnections),
    "accept() refuses by undefined": run(undefinedRefuses),
    ...unreadTests("socket", run, (bench) => bench.pair()),
  };
}
