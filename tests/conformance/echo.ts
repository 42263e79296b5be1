/** What a peer under test does with a message: it sends it back, or obeys it. Runs on XS too. */

import { type MessageReceivedEventArgs, WebSocketMessageType, WebSocketState } from "xs-websockets/server";

/**
 * Answers a message. A text that begins with "!" is a command: "!close STATUS REASON", "!abort", "!throw", "!ping TEXT",
 * or "!twice TEXT", which sends a Ping and then the text. A fragment is sent back as binary.
 */
export function answer({ frame, webSocket }: MessageReceivedEventArgs): void {
  if (webSocket.state !== WebSocketState.Open) return;
  if (frame.messageType === WebSocketMessageType.Binary || frame.isFragmented) {
    webSocket.sendBytes(frame.buffer);
    return;
  }
  const [command = "", ...words] = frame.text.startsWith("!") ? frame.text.split(" ") : [];
  switch (command) {
    case "!close":
      webSocket.close(Number(words[0]), words.slice(1).join(" "));
      break;
    case "!abort":
      webSocket.abort();
      break;
    case "!throw":
      throw new Error("The test asked for it.");
    case "!ping":
      webSocket.ping(bytesOfAscii(words.join(" ")));
      break;
    case "!twice":
      webSocket.ping();
      webSocket.sendString(words.join(" "));
      break;
    default:
      webSocket.sendString(frame.text);
  }
}

function bytesOfAscii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
