import { isHostAllowed, isOriginOf, normalizeOrigin } from "../../modules/handshake/origin.js";

describe("the origin of a page is this server's", () => {
  test.each([
    ["http://example.org", "example.org", true],
    ["http://example.org", "example.org:80", true],
    ["http://example.org:80", "example.org", true],
    ["https://example.org", "example.org", true],
    ["https://example.org", "example.org:443", true],
    ["http://EXAMPLE.org", "Example.ORG", true],
    ["http://example.org.", "example.org", true],
    ["http://example.org:8080", "example.org:8080", true],
    ["http://192.168.1.7", "192.168.1.7", true],
    ["http://[fe80::80]", "[fe80::80]:80", true],
    // A proxy has taken the port from Host.
    ["http://example.org:8080", "example.org", true],
    ["https://example.org:8443", "example.org", true],
    ["https://[::1]:8443", "[::1]", true],
    ["http://example.org", "example.org:8080", false],
    ["https://example.org", "example.org:80", false],
    ["http://example.org", "example.org:443", false],
    ["http://evil.org", "example.org", false],
    ["http://example.org.evil.org", "example.org", false],
    ["http://evil-example.org", "example.org", false],
    ["http://example.org@evil.org", "example.org", false],
    ["http://evil.org://example.org", "example.org", false],
    ["http://example.org://evil.org", "example.org", false],
    ["http://example.org/", "example.org", false],
    ["http://example.org:x", "example.org", false],
    ["http://example.org, http://evil.org", "example.org", false],
    ["://example.org", "example.org", false],
    ["file://", "", false],
    ["null", "example.org", false],
    ["", "example.org", false],
    ["example.org", "example.org", false],
    ["http://example.org", "", false],
    ["http://[::1", "[::1", false],
    ["http://a b", "a b", false],
  ])("%s at Host %s: %s", (origin, host, isOwn) => {
    expect(isOriginOf(origin, host)).toBe(isOwn);
  });
});

test.each([
  ["https://Example.org:443", "https://example.org"],
  ["http://example.org:80", "http://example.org"],
  ["http://example.org:443", "http://example.org:443"],
  ["https://example.org:8443", "https://example.org:8443"],
  ["null", "null"],
  ["FILE://", "file://"],
])("%s is %s as browsers write it", (origin, normal) => {
  expect(normalizeOrigin(origin)).toBe(normal);
});

describe("a server is asked by its name", () => {
  const names = ["device.local", ".example.org"];
  test.each([
    ["device.local", true],
    ["DEVICE.local:8080", true],
    ["device.local.", true],
    ["a.example.org", true],
    ["192.168.1.7:8080", true],
    ["[fe80::1]:80", true],
    ["localhost:3000", true],
    ["evil.example", false],
    ["device.local.evil.example", false],
    ["otherdevice.local", false],
    ["example.org", false],
    ["192.168.1.7.evil.example", false],
    ["device.local@evil.example", false],
    ["", false],
    ["[device.local]", false],
  ])("%s: %s", (host, isOwn) => {
    expect(isHostAllowed(host, names)).toBe(isOwn);
  });
});
