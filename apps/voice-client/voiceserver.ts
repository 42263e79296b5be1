/**
 * Stands for a realtime voice service, on the machine where you develop: it echoes audio as it comes, and answers
 * `response.create` with as much audio again, as fast as the client takes it.
 */

import { type WebSocket, WebSocketMessageType, WebSocketServer } from "xs-websockets/server";
import { readEvent } from "./events.js";

/** The longest answer, in frames. */
const MAX_ANSWER = 500;

/** What is known of one client. */
interface Session {
  /** Its last frame of audio: in base64, or as bytes. */
  audio: string | Uint8Array;
  /** Frames since the last answer. */
  frames: number;
  /** Messages of the answer that are still to be sent: its frames, and that it is done. */
  left: number;
}

export class VoiceServer {
  readonly server: WebSocketServer;
  private readonly sessions = new Map<WebSocket, Session>();

  /** @param key what clients have to send as `Authorization: Bearer KEY`; "": nothing */
  constructor(port: number, key = "") {
    this.server = new WebSocketServer({
      port,
      prefix: "/v1/realtime",
      acceptClient: ({ headers }) =>
        key === "" || headers.get("authorization") === `Bearer ${key}` || { statusCode: 401 },
      onWebSocketOpened: (_server, { webSocket }) => {
        const session = { audio: "", frames: 0, left: 0 };
        this.sessions.set(webSocket, session);
        webSocket.onDrained = () => answer(webSocket, session);
        tell(webSocket, "session.created");
      },
      onWebSocketClosed: (_server, { webSocket }) => this.sessions.delete(webSocket),
      onMessageReceived: (_server, { frame, webSocket }) => {
        const session = this.sessions.get(webSocket);
        if (session === undefined) return;
        // What was received is valid until the handler returns.
        if (frame.messageType === WebSocketMessageType.Binary) heard(webSocket, session, new Uint8Array(frame.buffer));
        else eventReceived(webSocket, session, frame.text);
      },
    });
  }
}

function eventReceived(webSocket: WebSocket, session: Session, text: string): void {
  const event = readEvent(text);
  switch (event?.type) {
    case "session.update":
      tell(webSocket, "session.updated");
      break;
    case "input_audio_buffer.append":
      heard(webSocket, session, event.audio ?? "");
      break;
    case "input_audio_buffer.commit":
      tell(webSocket, "input_audio_buffer.committed");
      break;
    case "response.create":
      session.left = Math.min(session.frames, MAX_ANSWER) + 1;
      session.frames = 0;
      tell(webSocket, "response.created");
      answer(webSocket, session);
      break;
    default:
      tell(webSocket, "error", { error: { message: `There is no event ${event?.type ?? "without a type"}.` } });
  }
}

function heard(webSocket: WebSocket, session: Session, audio: Session["audio"]): void {
  session.audio = audio;
  session.frames += 1;
  sendAudio(webSocket, audio);
}

/** Sends what the queue has room for; goes on when it has drained. */
function answer(webSocket: WebSocket, session: Session): void {
  while (session.left > 1 && sendAudio(webSocket, session.audio)) session.left -= 1;
  if (session.left === 1 && tell(webSocket, "response.done")) session.left = 0;
}

function sendAudio(webSocket: WebSocket, audio: Session["audio"]): boolean {
  if (typeof audio !== "string") return webSocket.sendBytes(audio);
  return tell(webSocket, "response.output_audio.delta", { delta: audio });
}

function tell(webSocket: WebSocket, type: string, more = {}): boolean {
  return webSocket.sendString(JSON.stringify({ type, ...more }));
}
