/** What every host promises of bytes that are given back: the same cases for plain and secured sockets, of both roles. */

import type { Socket } from "../../hosts/contract.js";
import { assertEqual, type Tests } from "../support/assertions.js";
import { type Accepted, Recorder } from "../support/recorder.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** A socket under test, and the other end of its connection. */
interface Ends {
  readonly subject: Accepted;
  readonly peer: Socket;
}

type UnreadCase = (ends: Ends) => Promise<void>;

const textOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What a recorder gets from now on, as text. */
function follow(recorder: Recorder): { text: string } {
  const log = { text: "" };
  recorder.onReceived = (bytes) => (log.text += textOf(bytes));
  return log;
}

/** Has the first bytes that come handled by `act`, the others as before. */
function atFirst({ recorder }: Accepted, act: (bytes: Uint8Array) => void): { text: string; hasCome: boolean } {
  const log = Object.assign(follow(recorder), { hasCome: false });
  const others = recorder.onReceived;
  recorder.onReceived = (bytes) => {
    recorder.onReceived = others;
    act(bytes);
    log.hasCome = true;
  };
  return log;
}

/** Waits until the first bytes were handled. */
function handled(log: { readonly hasCome: boolean }): Promise<void> {
  return eventually(() => log.hasCome, "the first bytes");
}

async function until(log: { readonly text: string }, text: string): Promise<void> {
  await eventually(() => log.text.length >= text.length, text);
  assertEqual(log.text, text, "what was received");
}

async function deliversAgain({ subject, peer }: Ends): Promise<void> {
  let told = "";
  const log = atFirst(subject, (bytes) => {
    subject.socket.unread(bytes.subarray(2));
    told = log.text;
  });
  peer.write(bytesOf("abcdef"));
  await letTimePass(5);
  peer.write(bytesOf("ghi"));
  await until(log, "cdefghi");
  assertEqual(told, "", "what was received within unread");
}

async function waitsWhilePaused({ subject, peer }: Ends): Promise<void> {
  const { socket } = subject;
  const log = atFirst(subject, (bytes) => {
    socket.pause();
    socket.unread(bytes.subarray(2));
  });
  peer.write(bytesOf("abcdef"));
  await handled(log);
  peer.write(bytesOf("ghi"));
  await letTimePass(60);
  assertEqual(log.text, "", "what was received while paused");
  socket.resume();
  assertEqual(log.text, "", "what was received within resume");
  await until(log, "cdefghi");
}

async function theLastComesFirst({ subject, peer }: Ends): Promise<void> {
  const log = atFirst(subject, (bytes) => {
    subject.socket.unread(bytes.subarray(4));
    subject.socket.unread(bytes.subarray(2, 4));
  });
  peer.write(bytesOf("abcdef"));
  await until(log, "cdef");
}

async function mayBeGivenBackAgain({ subject, peer }: Ends): Promise<void> {
  const { recorder, socket } = subject;
  const log = { text: "" };
  // One byte is handled at a time, as a reader of records does that is paused at each.
  recorder.onReceived = (bytes) => {
    log.text += textOf(bytes.subarray(0, 1));
    if (log.text.length % 2 === 0) {
      socket.pause();
      socket.unread(bytes.subarray(1));
      socket.resume();
    } else socket.unread(bytes.subarray(1));
  };
  peer.write(bytesOf("abcdef"));
  peer.write(bytesOf("ghi"));
  peer.end();
  await until(log, "abcdefghi");
  assertEqual(await recorder.whenClosed, undefined, "error of closed");
}

async function pausedAgainHoldsTheRest({ subject, peer }: Ends): Promise<void> {
  const { socket, recorder } = subject;
  const log = atFirst(subject, (bytes) => {
    socket.unread(bytes.subarray(4));
    socket.unread(bytes.subarray(2, 4));
    const follows = recorder.onReceived;
    recorder.onReceived = (first) => {
      follows?.(first);
      socket.pause();
    };
  });
  peer.write(bytesOf("abcdef"));
  await eventually(() => log.text !== "", "the bytes before pause");
  await letTimePass(100);
  assertEqual(log.text, "cd", "what was received before pause");
  socket.resume();
  await until(log, "cdef");
}

async function goesToTheHandlersOfThen({ subject, peer }: Ends): Promise<void> {
  const { socket } = subject;
  const second = new Recorder();
  const log = follow(second);
  const first = atFirst(subject, (bytes) => {
    socket.pause();
    socket.unread(bytes.subarray(3));
  });
  peer.write(bytesOf("abcdef"));
  await handled(first);
  socket.handlers = second;
  socket.resume();
  peer.write(bytesOf("ghi"));
  await until(log, "defghi");
}

async function comesBeforeTheEnd({ subject, peer }: Ends): Promise<void> {
  const { socket, recorder } = subject;
  const log = atFirst(subject, (bytes) => {
    socket.pause();
    socket.unread(bytes.subarray(1));
  });
  peer.write(bytesOf("abc"));
  peer.end();
  await handled(log);
  await letTimePass(150);
  assertEqual(log.text, "", "what was received while paused");
  assertEqual(recorder.events.includes("closed"), false, "closed while paused");
  socket.resume();
  await recorder.whenClosed;
  assertEqual(log.text, "bc", "what was received before closed");
}

async function isDroppedByDestroy({ subject, peer }: Ends): Promise<void> {
  const { socket, recorder } = subject;
  const log = atFirst(subject, (bytes) => {
    socket.unread(bytes);
    socket.destroy();
    socket.unread(bytes);
  });
  peer.write(bytesOf("abc"));
  await handled(log);
  await letTimePass(100);
  assertEqual(log.text, "", "what was received after destroy");
  assertEqual(recorder.events.includes("closed"), false, "closed after destroy");
}

async function holdsNoEndUp({ subject, peer }: Ends): Promise<void> {
  const { socket, recorder } = subject;
  atFirst(subject, (bytes) => {
    socket.pause();
    socket.unread(bytes);
    socket.end();
  });
  peer.write(bytesOf("abc"));
  await recorder.whenClosed;
}

const cases: Readonly<Record<string, UnreadCase>> = Object.freeze({
  "delivers unread bytes again, before what follows": deliversAgain,
  "delivers unread bytes when it is resumed": waitsWhilePaused,
  "delivers first what was given back last": theLastComesFirst,
  "takes bytes back again and again": mayBeGivenBackAgain,
  "that is paused between unread bytes keeps the others": pausedAgainHoldsTheRest,
  "delivers unread bytes to the handlers of then": goesToTheHandlersOfThen,
  "delivers unread bytes before the peer's end": comesBeforeTheEnd,
  "drops unread bytes when it is destroyed": isDroppedByDestroy,
  "ends by end() in spite of unread bytes": holdsNoEndUp,
});

/** Two ends of one connection. */
export interface Pair {
  readonly client: Accepted;
  readonly server: Accepted;
}

/**
 * The cases for one kind of socket, in both roles, by name.
 *
 * @param kind such as "socket"
 * @param run makes a test of what needs a bench
 */
export function unreadTests<Bench>(
  kind: string,
  run: (test: (bench: Bench) => Promise<void>) => () => Promise<void>,
  connect: (bench: Bench) => Promise<Pair>,
): Tests {
  const tests: [name: string, test: () => Promise<void>][] = [];
  for (const [name, test] of Object.entries(cases)) {
    const asClient = run(async (bench) => {
      const { client, server } = await connect(bench);
      await test({ subject: client, peer: server.socket });
    });
    const asServer = run(async (bench) => {
      const { client, server } = await connect(bench);
      await test({ subject: server, peer: client.socket });
    });
    tests.push([`a client's ${kind} ${name}`, asClient], [`an accepted ${kind} ${name}`, asServer]);
  }
  return Object.fromEntries(tests);
}
