import { CookieJar } from "../../modules/http/cookies.js";
import { parseWebSocketUri } from "../../modules/common/uri.js";

const NEGOTIATION = "ws://device.example.org/hub/negotiate?negotiateVersion=1";
const HUB = "ws://device.example.org/hub?id=1";

/** What is sent to `url` after an answer to a negotiation with these cookies. */
function sentTo(url: string, setCookies: readonly string[], from = NEGOTIATION, own?: string): string | undefined {
  const jar = new CookieJar();
  jar.take(parseWebSocketUri(from), setCookies);
  return jar.header(parseWebSocketUri(url), own);
}

describe("cookies of balancers", () => {
  test.each([
    ["haproxy", "SERVERID=s1; path=/", "SERVERID=s1"],
    ["Azure", "ARRAffinity=0a1b; Path=/; HttpOnly; Domain=device.example.org", "ARRAffinity=0a1b"],
    ["AWS", "AWSALB=a+/b=; Expires=Thu, 03 Dec 2026 10:00:00 GMT; Path=/", "AWSALB=a+/b="],
    ["nginx", "route=1; Max-Age=3600", "route=1"],
    ["quotes, spaces and equals signs", 'a = "b c=d" ;Path=/', 'a="b c=d"'],
    ["a path that is no path", "a=b; Path=hub", "a=b"],
    ["a Max-Age that is no number (RFC 6265, 5.2.2)", "a=b; Max-Age=soon", "a=b"],
    ["an empty Max-Age", "a=b; Max-Age=", "a=b"],
    ["a domain with a dot", "a=b; Domain=.Example.org", "a=b"],
  ])("%s: goes along to the WebSocket", (_name, setCookie, header) => {
    expect(sentTo(HUB, [setCookie])).toBe(header);
  });

  test("the last of a name counts, others are joined", () => {
    expect(sentTo(HUB, ["a=1; Path=/", "b=2; Path=/", "a=3; Path=/"])).toBe("b=2; a=3");
  });

  test("the port does not matter (RFC 6265, 8.5), nor the letters of a host", () => {
    expect(sentTo("ws://DEVICE.example.org:81/hub", ["a=1"])).toBe("a=1");
  });
});

describe("is not sent", () => {
  test.each([
    ["to another host", "ws://other.example.org/hub", "a=1; Path=/"],
    ["to a host beneath", "ws://sub.device.example.org/hub", "a=1; Path=/"],
    ["to another host of its domain", "ws://other.example.org/hub", "a=1; Path=/; Domain=example.org"],
    ["beside its path", "ws://device.example.org/hub", "a=1; Path=/hub/negotiate"],
    ["to a path that only begins like it", "ws://device.example.org/hubs", "a=1; Path=/hub"],
    ["beside the folder of the request", "ws://device.example.org/other", "a=1"],
    ["one that is secure, without TLS", HUB, "a=1; Path=/; Secure"],
    ["one for a foreign domain", HUB, "a=1; Path=/; Domain=evil.example"],
    ["one for a domain that only ends like it", HUB, "a=1; Path=/; Domain=ice.example.org"],
    ["one without name", HUB, "=1; Path=/"],
    ["one whose name is no token", HUB, "a b=1; Path=/"],
    ["one that would break the field", HUB, "a=1\u00e4; Path=/"],
    ["one that is over", HUB, "a=1; Path=/; Max-Age=0"],
    ["one that is long over", HUB, "a=1; Path=/; Max-Age=-1"],
    ["one that is deleted, as haproxy does", HUB, "a=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/"],
    ["one that is too long", HUB, `a=${"x".repeat(2_048)}; Path=/`],
    ["nothing", HUB, ""],
  ])("%s", (_name, url, setCookie) => {
    expect(sentTo(url, [setCookie])).toBeUndefined();
  });

  test("one that a later answer deletes", () => {
    const jar = new CookieJar();
    const uri = parseWebSocketUri(NEGOTIATION);
    jar.take(uri, ["a=1; Path=/", "b=2; Path=/"]);
    jar.take(uri, ["a=; Path=/"]);
    expect(jar.header(uri, undefined)).toBe("b=2");
  });
});

test("a secure cookie is sent with TLS", () => {
  expect(sentTo(HUB.replace("ws:", "wss:"), ["a=1; Secure"], NEGOTIATION.replace("ws:", "wss:"))).toBe("a=1");
});

test("the caller's own cookies are sent, unless the server has set one of their name", () => {
  expect(sentTo(HUB, ["a=1"], NEGOTIATION, "a=0; b=2;c=3")).toBe("a=1; b=2; c=3");
  expect(sentTo(HUB, [], NEGOTIATION, "a=0")).toBe("a=0");
});

test("the jar is bounded: the oldest go", () => {
  const many = Array.from({ length: 1_000 }, (_, at) => `n${at}=${at}`);
  expect(sentTo(HUB, many)?.split("; ")).toEqual([992, 993, 994, 995, 996, 997, 998, 999].map((at) => `n${at}=${at}`));
  expect(sentTo(HUB, [`a=1;${";".repeat(4_000)}Secure`, "b=2"])).toBe("b=2");
});
