import type { ConnectOptions } from "../../contract.js";
import { failure } from "./failure.js";
import { resolveHost } from "./resolve.js";
import type { TcpSocket, TcpStream } from "./tcpsocket.js";

/**
 * Finds the address of a host and gives the socket what connects to it. Failures are told by the socket.
 *
 * @param open makes the stream, whose callbacks tell the socket
 */
export function connectSocket(
  socket: TcpSocket,
  { host, port }: ConnectOptions,
  open: (address: string, port: number) => TcpStream,
): void {
  const found = (address: string | undefined): void => {
    if (socket.isClosed) return;
    if (address === undefined) {
      socket.fail(failure("ENOTFOUND", `no address for the host name "${host}"; check it and the network`));
      return;
    }
    socket.remoteAddress = address;
    socket.remotePort = port;
    try {
      socket.attach(open(address, port));
    } catch (error) {
      socket.fail(failure("EIO", `no socket for ${address}:${port.toString()}`, error));
    }
  };
  try {
    resolveHost(host, found);
  } catch (error) {
    socket.fail(failure("ENOTFOUND", `the host name "${host}" cannot be looked up now; try again`, error));
  }
}
