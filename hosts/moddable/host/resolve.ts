import Net from "net";

/**
 * Whether a host is an IP address: TCP resolves no names. Without RegExp, as all code for XS: in Moddable SDK 8.2.3 each
 * use of one takes memory that is not freed, and may end the program.
 */
export function isLiteralAddress(host: string): boolean {
  if (host.includes(":")) return true;
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => part !== "" && String(Number(part)) === part);
}

/**
 * Finds the IP address of a host. `done` is called once, perhaps at once, with undefined where there is none.
 *
 * @throws where the platform cannot take one more look-up (lwIP has 4 places)
 */
export function resolveHost(host: string, done: (address: string | undefined) => void): void {
  if (isLiteralAddress(host)) done(host);
  // RFC 6761, 6.3: names of "localhost" resolve to the loopback address. The resolvers below do not know it.
  else if (host.toLowerCase() === "localhost") done("127.0.0.1");
  else {
    Net.resolve(host, (_name, address) => {
      done(address);
    });
  }
}
