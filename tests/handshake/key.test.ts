import { HandshakeError } from "../../modules/common/errors.js";
import { acceptForKey, checkUpgradeRequest, chooseSubprotocol } from "../../modules/handshake/key.js";
import { WritableHeaders, isUpgradeRequest } from "../../modules/common/headers.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const REQUEST: Readonly<Record<string, string>> = {
  Host: "server.example.com",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
};

/** The fields of a request, with some of them changed; undefined leaves one out. */
function headersOf(changes: Readonly<Record<string, string | undefined>> = {}): WritableHeaders {
  const headers = new WritableHeaders();
  for (const [name, value] of Object.entries({ ...REQUEST, ...changes }))
    if (value !== undefined) headers.append(name, value);
  return headers;
}

/** The status of the HandshakeError that a check throws. */
function statusOf(check: () => unknown): number | undefined {
  try {
    check();
  } catch (error) {
    return error instanceof HandshakeError ? error.statusCode : undefined;
  }
  return undefined;
}

test("the accept key of RFC 6455, 1.3", () => {
  expect(acceptForKey(KEY)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

describe("a request is accepted", () => {
  test.each([
    ["as RFC 6455, 1.2 shows it", {}],
    ["with the Connection of Firefox", { Connection: "keep-alive, Upgrade" }],
    ["with tokens in other letter case", { Connection: "UPGRADE", Upgrade: "WebSocket" }],
    ["that offers another protocol too", { Upgrade: "h2c, websocket" }],
    ["with Content-Length 0", { "Content-Length": "0" }],
  ])("%s", (_name, changes) => {
    expect(checkUpgradeRequest("GET", headersOf(changes))).toBe(KEY);
  });
});

describe("a request is refused", () => {
  test.each([
    ["without Host", 400, { Host: undefined }],
    ["without Upgrade", 400, { Upgrade: undefined }],
    ["with another Upgrade", 400, { Upgrade: "h2c" }],
    ["with an Upgrade that only looks so", 400, { Upgrade: "websocket2" }],
    ["without Connection", 400, { Connection: undefined }],
    ["with another Connection", 400, { Connection: "keep-alive" }],
    ["without a version", 426, { "Sec-WebSocket-Version": undefined }],
    ["with version 8", 426, { "Sec-WebSocket-Version": "8" }],
    ["with several versions", 426, { "Sec-WebSocket-Version": "13, 8" }],
    ["with version 013", 426, { "Sec-WebSocket-Version": "013" }],
    ["without a key", 400, { "Sec-WebSocket-Key": undefined }],
    ["with an empty key", 400, { "Sec-WebSocket-Key": "" }],
    ["with a key of 15 bytes", 400, { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA" }],
    ["with a key of 17 bytes", 400, { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAA=" }],
    ["with a key that is not base64", 400, { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j*Q==" }],
    ["with a body", 400, { "Content-Length": "5" }],
    ["with a body in chunks", 400, { "Transfer-Encoding": "chunked" }],
  ])("%s with %d", (_name, statusCode, changes) => {
    const act = (): string => checkUpgradeRequest("GET", headersOf(changes));
    expect(act).toThrow(HandshakeError);
    expect(statusOf(act)).toBe(statusCode);
  });

  test.each(["POST", "HEAD", "get", "OPTIONS"])("of the method %s with 405", (method) => {
    expect(statusOf(() => checkUpgradeRequest(method, headersOf()))).toBe(405);
  });
});

test.each([
  ["websocket", true],
  ["WebSocket", true],
  ["foo, websocket", true],
  ["h2c", false],
  [undefined, false],
])("Upgrade: %s asks for WebSocket: %s", (Upgrade, isOne) => {
  expect(isUpgradeRequest(headersOf({ Upgrade }))).toBe(isOne);
});

describe("the subprotocol is the server's first that the client offers", () => {
  test.each([
    [["mqtt", "json"], "json, mqtt", "mqtt"],
    [["mqtt", "json"], "json", "json"],
    [["mqtt"], "mqttv3.1,mqtt", "mqtt"],
    [["mqtt"], "MQTT", undefined],
    [["mqtt"], "json", undefined],
    [["mqtt"], undefined, undefined],
    [["mqtt"], "", undefined],
    [[], "mqtt", undefined],
  ])("%j and %s: %s", (supported, offered, chosen) => {
    expect(chooseSubprotocol(supported, headersOf({ "Sec-WebSocket-Protocol": offered }))).toBe(chosen);
  });
});
