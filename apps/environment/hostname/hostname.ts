/** What a sample needs to have a name in its network. `#hostname` is a module that exports it. */
export interface Hostname {
  /**
   * Claims `NAME.local` by mDNS (RFC 6762), and announces the web server there. Where another device has the name, it is
   * `NAME-2.local` and so on.
   *
   * @param name letters, digits and hyphens
   * @param port of the web server
   * @returns the name as claimed; undefined where this machine claims none
   */
  claimHostname(name: string, port: number): Promise<string | undefined>;
}
