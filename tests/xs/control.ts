/** The connection by which a test on Node.js tells an app on XS what to do: see tests/support/controlledapp.ts. */

import { setTimer } from "#platform";
import { WebSocketServer } from "xs-websockets/server";

/** What an app can do. Arguments and answers travel as JSON. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>;

interface Request {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** Listens for commands. Several may be under way at the same time. @returns the port */
export async function serveControl(commands: Commands): Promise<number> {
  const control = new WebSocketServer({
    ...{ port: 0, maxClients: 1, keepAliveInterval: 0, maxMessageBytes: 16_384, maxQueueBytes: 65_536 },
    onMessageReceived(_sender, { webSocket, frame }) {
      const request = JSON.parse(frame.text) as Request;
      // In a turn of its own: the stack of XS is short, and a message's handler has used half of it.
      setTimer(() => {
        void obey(commands, request).then((answer) => webSocket.sendString(answer));
      }, 0);
    },
  });
  await control.start();
  return control.port;
}

async function obey(commands: Commands, { id, command, argument }: Request): Promise<string> {
  try {
    return JSON.stringify({ id, value: await commands[command]?.(argument as never) });
  } catch (error) {
    return JSON.stringify({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
