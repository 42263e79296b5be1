import { OptionError } from "../../modules/client.js";
import { parseWebSocketUri } from "../../modules/common/uri.js";
import { ClientBench } from "../client/clienttest.js";

describe("a URI is read", () => {
  test.each<[uri: string, host: string, port: number, resourceName: string, hostHeader: string]>([
    ["ws://example.org", "example.org", 80, "/", "example.org"],
    ["ws://example.org/", "example.org", 80, "/", "example.org"],
    ["wss://example.org", "example.org", 443, "/", "example.org"],
    ["ws://example.org:80/a", "example.org", 80, "/a", "example.org"],
    ["wss://example.org:443/a", "example.org", 443, "/a", "example.org"],
    ["wss://example.org:80/a", "example.org", 80, "/a", "example.org:80"],
    ["ws://example.org:443/a", "example.org", 443, "/a", "example.org:443"],
    ["ws://example.org:8080", "example.org", 8080, "/", "example.org:8080"],
    ["ws://example.org:/a", "example.org", 80, "/a", "example.org"],
    ["WS://Example.ORG/A", "Example.ORG", 80, "/A", "Example.ORG"],
    ["ws://192.0.2.1:81/a/b", "192.0.2.1", 81, "/a/b", "192.0.2.1:81"],
    ["ws://[::1]/", "::1", 80, "/", "[::1]"],
    ["ws://[2001:db8::1]:8080/", "2001:db8::1", 8080, "/", "[2001:db8::1]:8080"],
    ["ws://[::ffff:192.0.2.1]:1/", "::ffff:192.0.2.1", 1, "/", "[::ffff:192.0.2.1]:1"],
    ["ws://device_1.local/", "device_1.local", 80, "/", "device_1.local"],
    ["ws://example.org?q=1", "example.org", 80, "/?q=1", "example.org"],
    ["ws://example.org/a?q=/?&x=%20+", "example.org", 80, "/a?q=/?&x=%20+", "example.org"],
    ["ws://example.org/%C3%A4;b=(1)!'*@:~", "example.org", 80, "/%C3%A4;b=(1)!'*@:~", "example.org"],
    ["ws://example.org:65535/", "example.org", 65_535, "/", "example.org:65535"],
    ["ws://example.org:00080/", "example.org", 80, "/", "example.org"],
  ])("%s", (uri, host, port, resourceName, hostHeader) => {
    expect(parseWebSocketUri(uri)).toMatchObject({ host, port, resourceName, hostHeader });
    expect(parseWebSocketUri(uri).isSecure).toBe(uri.startsWith("wss:"));
    expect(parseWebSocketUri(uri).path).toBe(resourceName.replace(/\?.*/, ""));
  });
});

/** URIs that are refused, with what the message names. */
const FAULTS: readonly (readonly [uri: string, part: RegExp])[] = [
  ["", /must begin with ws:\/\/ or wss:\/\//],
  ["example.org", /must begin with/],
  ["//example.org/", /must begin with/],
  ["ws:example.org", /must begin with/],
  ["ws:/example.org", /must begin with/],
  ["http://example.org/", /scheme must be ws or wss, not http: write ws:\/\//],
  ["https://example.org/", /scheme must be ws or wss, not https: write wss:\/\//],
  ["ftp://example.org/", /scheme must be ws or wss, not ftp/],
  [" ws://example.org/", /scheme/],
  ["ws://example.org/#", /fragment/],
  ["ws://example.org/a#b", /fragment/],
  ["ws://user@example.org/", /user name/],
  ["ws://user:secret@example.org/", /user name/],
  ["ws:///path", /host/],
  ["ws://:80/", /host/],
  ["ws://exa mple.org/", /host/],
  ["ws://exämple.org/", /host/],
  ["ws://example.org\r\n/", /host/],
  ["ws://example.org%00/", /host/],
  ["ws://[::1/", /host/],
  ["ws://::1/", /host/],
  ["ws://[fe80::1%25eth0]/", /host/],
  ["ws://example.org:x/", /host/],
  ["ws://example.org:-1/", /host/],
  ["ws://example.org:1:2/", /host/],
  ["ws://example.org:0/", /port must be from 1 to 65535, not 0/],
  ["ws://example.org:65536/", /port must be from 1 to 65535, not 65536/],
  ["ws://example.org:99999999999999999999/", /port/],
  ["ws://example.org/a b", /path and query/],
  ["ws://example.org/\r\nX: y", /path and query/],
  ["ws://example.org/\u0000", /path and query/],
  ["ws://example.org/ä", /path and query/],
  ["ws://example.org/%", /path and query/],
  ["ws://example.org/%4", /path and query/],
  ["ws://example.org/%zz", /path and query/],
  ["ws://example.org/?q=a b", /path and query/],
  ['ws://example.org/"', /path and query/],
  ["ws://example.org/a\\b", /path and query/],
  ["ws://example.org/[a]", /path and query/],
];

describe("a URI is refused, and the message names the part at fault", () => {
  test.each(FAULTS)("%j", async (uri, part) => {
    const bench = new ClientBench();
    const error = await bench.failure(uri);
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ code: "ERR_OPTION", message: expect.stringMatching(part) as string });
    expect(error.message).toContain(JSON.stringify(uri));
    expect(bench.events).toEqual([]);
  });
});
