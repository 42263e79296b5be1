/**
 * Talks to a realtime voice service: sends a frame of audio every 20 ms, plays what comes through a jitter buffer, and tells how
 * late it came. A tone stands for the microphone, a counter for the loudspeaker. docs/voice.md says how to use a real service.
 */

import {
  delay,
  exitWith,
  fromBase64,
  log,
  readSettings,
  toBase64,
  whenDateValid,
  whenNetworkReady,
} from "#environment";
import { ClientWebSocket, WebSocketMessageType, WebSocketState } from "xs-websockets/client";
import { FRAME_MS, frameBytesOf, Microphone, numberOf, Ticks } from "./audio.js";
import { append, isAudioDelta, plain, readEvent, sessionUpdate } from "./events.js";
import { JitterBuffer } from "./jitterbuffer.js";
import { Latencies } from "./latencies.js";

const settings = readSettings({
  url: "ws://localhost:8080/v1/realtime",
  key: "",
  ca: "",
  rate: 24_000,
  seconds: 5,
  // "json": base64 in events; "binary": messages of bytes.
  audio: "json",
});
const FRAME_BYTES = frameBytesOf(settings.rate);
/** Frames that are there before it plays; where the network is told to wait, and where to go on. */
const [START, FULL, ROOM] = [3, 50, 25];

const microphone = new Microphone(settings.rate);
const buffer = new JitterBuffer(START * FRAME_BYTES);
const latencies = new Latencies();
const sentAt: number[] = [];
const waiting = new Map<string, () => void>();
let [isConnected, isMeasuring, unsent, played, pauses] = [false, false, 0, 0, 0];

const client = new ClientWebSocket({
  // Services send half a second and more in one event. Less has to do where memory is small.
  maxMessageBytes: 65_536,
  ...(settings.ca === ""
    ? {}
    : { certificate: `-----BEGIN CERTIFICATE-----\n${settings.ca}\n-----END CERTIFICATE-----` }),
  onMessageReceived(_client, { frame }) {
    // What was received is valid until the handler returns.
    if (frame.messageType === WebSocketMessageType.Binary) heard(new Uint8Array(frame.buffer));
    else eventReceived(frame.text);
  },
  onConnectionClosed(_client, { closeStatus, error }) {
    // What kept it from being opened is told by connect().
    if (!isConnected) return;
    log(error === undefined ? `The connection is closed: ${closeStatus}` : `${error.code}: ${error.message}`);
  },
});

function eventReceived(text: string): void {
  const event = readEvent(text);
  if (event === undefined) log("Ignored what is no event.");
  else if (isAudioDelta(event)) heard(fromBase64(event.delta ?? ""));
  else if (event.type === "error") {
    log(`The service says: ${event.error?.message ?? "error"}`);
    client.close();
  } else waiting.get(event.type)?.();
}

function heard(audio: Uint8Array): void {
  const at = sentAt[numberOf(audio)];
  if (isMeasuring && at !== undefined) latencies.add(Date.now() - at);
  buffer.push(audio);
  // A service sends an answer faster than it is spoken. What does not fit stays in the network.
  if (buffer.byteLength < FULL * FRAME_BYTES || client.isPaused) return;
  client.pause();
  pauses += 1;
}

/** Fulfilled by the next event of a type. */
function next(type: string): Promise<void> {
  return new Promise((resolve) => {
    waiting.set(type, resolve);
  });
}

/** The loudspeaker. */
async function play(): Promise<void> {
  const ticks = new Ticks(delay);
  while (client.state === WebSocketState.Open) {
    if (buffer.take(FRAME_BYTES) !== undefined) played += 1;
    if (client.isPaused && buffer.byteLength <= ROOM * FRAME_BYTES) client.resume();
    await ticks.next();
  }
}

async function talk(): Promise<void> {
  const ticks = new Ticks(delay);
  const frames = Math.ceil((1_000 * settings.seconds) / FRAME_MS);
  isMeasuring = true;
  for (let count = 0; count < frames && client.state === WebSocketState.Open; count++) {
    const frame = microphone.read();
    sentAt.push(Date.now());
    const isSent = settings.audio === "json" ? client.sendString(append(toBase64(frame))) : client.sendBytes(frame);
    // Where the queue is full the network is too slow: a frame that comes late is of no use.
    if (!isSent) unsent += 1;
    await ticks.next();
  }
}

/** Fulfilled when all is played that has come. */
async function silence(): Promise<void> {
  buffer.end();
  while (buffer.byteLength > 0 && client.state === WebSocketState.Open) await delay(FRAME_MS);
}

async function main(): Promise<void> {
  const { url, key } = settings;
  await whenNetworkReady();
  // A certificate is valid for a time, which a device has to know.
  if (url.startsWith("wss:")) await whenDateValid();
  await client.connect(url, key === "" ? {} : { Authorization: `Bearer ${key}` });
  isConnected = true;
  const updated = next("session.updated");
  client.sendString(sessionUpdate(settings.rate));
  await updated;
  log(`Connected to ${url}: ${settings.rate} samples a second, ${FRAME_BYTES} bytes a frame, ${settings.audio}.`);
  void play();

  await talk();
  const committed = next("input_audio_buffer.committed");
  client.sendString(plain("input_audio_buffer.commit"));
  await committed;
  await silence();
  isMeasuring = false;
  log(`Talk: ${sentAt.length} frames sent, ${unsent} not; ${latencies.count} came back: ${latencies.describe()}.`);
  log(`Played ${played} frames, ${buffer.underruns} underruns.`);

  [played, buffer.mostBytes, buffer.underruns] = [0, 0, 0];
  const done = next("response.done");
  client.sendString(plain("response.create"));
  await done;
  await silence();
  const most = Math.ceil(buffer.mostBytes / FRAME_BYTES);
  log(
    `Answer: played ${played} frames, ${buffer.underruns} underruns; paused ${pauses} times, at most ${most} frames waited.`,
  );
  client.close();
}

main().catch(exitWith);
