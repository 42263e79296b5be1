/** The SDK's WebSocket client of ECMA-419 (examples/io/tcp/websocketclient), as a program uses it. */

import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import WebSocketClient from "embedded:network/websocket/client";

/** The simulator has no name server here: all names are this machine. */
class LocalDns {
  resolve({ host, onResolved }) {
    onResolved(host, "127.0.0.1");
  }
}

/** What the client connects by: in the clear, or by TLS. */
export function optionsOf({ port, name, authority }) {
  const dns = { io: LocalDns };
  if (name === undefined) return { host: "127.0.0.1", port, dns, socket: { io: TCP } };
  const secure = { certificate: Uint8Array.fromBase64(authority).buffer };
  return { host: name, port, dns, socket: { io: TLSSocket, TCP: { io: TCP }, secure } };
}

/** The client gives bytes, of a text too. */
function textOf(bytes) {
  try {
    return `text ${String.fromArrayBuffer(bytes)}`;
  } catch {
    return `bytes ${bytes.byteLength}`;
  }
}

/** As Program of ../scenario.ts. */
export function sdkClient(target, tell) {
  let pieces = [];
  const client = new WebSocketClient({
    ...optionsOf(target),
    onReadable(count, { more }) {
      pieces.push(this.read(count));
      if (more) return;
      const whole = pieces.reduce((joined, piece) => joined.concat(piece));
      tell(pieces.length === 1 ? textOf(whole) : `pieces ${pieces.length} ${textOf(whole)}`);
      pieces = [];
    },
    onWritable() {
      if (isOpen) return;
      isOpen = true;
      tell("open");
    },
    onClose: () => tell("closed"),
    onError: () => tell("failed"),
  });
  let isOpen = false;
  return {
    send(text) {
      client.write(ArrayBuffer.fromString(text), { binary: false });
      return true;
    },
    close: () => client.close(),
  };
}
