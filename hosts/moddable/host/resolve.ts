import Net from "net";

/** What TCP takes as an address: it resolves no names. */
const literalAddress = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$|:/;

/**
 * Finds the IP address of a host. `done` is called once, perhaps at once, with undefined where there is none.
 *
 * @throws where the platform cannot take one more look-up (lwIP has 4 places)
 */
export function resolveHost(host: string, done: (address: string | undefined) => void): void {
  if (literalAddress.test(host)) done(host);
  // RFC 6761, 6.3: names of "localhost" resolve to the loopback address. The resolvers below do not know it.
  else if (host.toLowerCase() === "localhost") done("127.0.0.1");
  else {
    Net.resolve(host, (_name, address) => {
      done(address);
    });
  }
}
