import TCP from "embedded:io/socket/tcp";

import type { Network } from "../contract.js";
// XS resolves these against this module's name, "xs-websockets/#network": they are "xs-websockets/host/…" there.
import { connectSocket } from "./host/connecting.js";
import { TcpListener } from "./host/tcplistener.js";
import { tcpCallbacks, TcpSocket } from "./host/tcpsocket.js";

export type * from "../contract.js";

export const connect: Network["connect"] = (options, handlers) => {
  const socket = new TcpSocket(handlers);
  connectSocket(socket, options, (address, port) => {
    return new TCP({ address, port, nodelay: true, target: socket, ...tcpCallbacks });
  });
  return socket;
};

export const listen: Network["listen"] = (options, handlers) => new TcpListener(options, handlers);
