import type { ConnectOptions } from "../../contract.js";
import { asFailure, failure } from "./failure.js";
import { resolveHost } from "./resolve.js";
import type { TcpSocket, TcpStream } from "./tcpsocket.js";

/**
 * Finds the address of a host and gives the socket what connects to it. Failures are told by the socket.
 *
 * @param open makes the stream, whose callbacks tell the socket; may throw
 */
export function connectSocket(
  socket: TcpSocket,
  { host, port }: ConnectOptions,
  open: (address: string, port: number) => TcpStream,
): void {
  const found = (address: string | undefined): void => {
    if (socket.isClosed) return;
    if (address === undefined) {
      socket.fail(failure("ENOTFOUND", `there is no address for the host name "${host}"; check it and the network`));
      return;
    }
    socket.remoteAddress = address;
    socket.remotePort = port;
    try {
      socket.attach(open(address, port));
    } catch (error) {
      const isTold = error instanceof Error && "code" in error;
      const message = `no socket for ${address}:${port.toString()}`;
      socket.fail(isTold ? asFailure(error, "EIO") : failure("EIO", message, error));
    }
  };
  try {
    resolveHost(host, found);
  } catch (error) {
    socket.fail(failure("ENOTFOUND", `the host name "${host}" cannot be looked up now; try again`, error));
  }
}
