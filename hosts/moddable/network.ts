import TCP from "embedded:io/socket/tcp";

import type { Network } from "../contract.js";
// XS resolves these against this module's name, "xs-websockets/#network": they are "xs-websockets/host/…" there.
import { NetworkError } from "./host/networkerror.js";
import { resolveHost } from "./host/resolve.js";
import { TcpListener } from "./host/tcplistener.js";
import { tcpCallbacks, TcpSocket } from "./host/tcpsocket.js";

export type {
  ConnectHandlers,
  ConnectOptions,
  Listener,
  ListenHandlers,
  ListenOptions,
  Network,
  Socket,
  SocketHandlers,
} from "../contract.js";

export const connect: Network["connect"] = (options, handlers) => {
  const { host, port } = options;
  const socket = new TcpSocket(handlers);
  const open = (address: string | undefined): void => {
    if (socket.isClosed) return;
    if (address === undefined) {
      socket.fail(new NetworkError("ENOTFOUND", `no address for the host name "${host}"; check it and the network`));
      return;
    }
    socket.remoteAddress = address;
    socket.remotePort = port;
    try {
      socket.attach(new TCP({ address, port, nodelay: true, target: socket, ...tcpCallbacks }));
    } catch (error) {
      socket.fail(new NetworkError("EIO", `no socket for ${address}:${port.toString()}`, error));
    }
  };
  try {
    resolveHost(host, open);
  } catch (error) {
    socket.fail(new NetworkError("ENOTFOUND", `the host name "${host}" cannot be looked up now; try again`, error));
  }
  return socket;
};

export const listen: Network["listen"] = (options, handlers) => new TcpListener(options, handlers);
