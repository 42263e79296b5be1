/** Requests that another server has read have to obey the rules of one that is read here. */

import { adoptRequest, type ForeignRequest } from "../../modules/http/adopt.js";
import type { HttpListenerContext } from "../../modules/http/exchange.js";
import { FakeSocket } from "../support/fakesocket.js";
import { asciiOf, joined, pattern } from "../support/vectors.js";

const HOST = ["Host", "a"] as const;
const UPGRADE = ["Upgrade", "websocket"] as const;

function adopt(request: Partial<ForeignRequest>, socket = new FakeSocket(), unread: Uint8Array = pattern(0)) {
  const whole = { method: "GET", target: "/led?on=1", headers: [HOST, UPGRADE], ...request };
  return { socket, context: adoptRequest(socket, whole, unread, 1_000) };
}

function answer({ socket, context }: { socket: FakeSocket; context: HttpListenerContext | undefined }): string {
  context?.response.close();
  const [statusLine = ""] = new TextDecoder().decode(joined(socket.written)).split("\r\n");
  socket.handlers.closed();
  return statusLine;
}

test("what the other server has read is the context's request", () => {
  const adopted = adopt({});
  expect(adopted.context?.request).toMatchObject({
    httpMethod: "GET",
    rawUrl: "/led?on=1",
    path: "/led",
    httpVersion: "1.1",
    isWebSocketRequest: true,
    remoteEndPoint: "192.0.2.1:1",
  });
  expect(adopted.context?.request.headers.get("HOST")).toBe("a");
  expect(answer(adopted)).toBe("HTTP/1.1 200 OK");
});

test.each<[name: string, request: Partial<ForeignRequest>]>([
  ["without a Host", { headers: [UPGRADE] }],
  ["with two", { headers: [HOST, ["host", "b"]] }],
  ["with two origins", { headers: [HOST, ["Origin", "http://a"], ["Origin", "http://b"]] }],
  ["with a field name that is none", { headers: [HOST, ["a b", "c"]] }],
  ["with a field that has a line end", { headers: [HOST, ["a", "b\r\nc: d"]] }],
  ["with a method that is none", { method: "GE T" }],
  ["with a target that is none", { target: "led" }],
  ["with a target that has a fragment", { target: "/#led" }],
  ["with a target that has a space", { target: "/a b" }],
  ["of another version", { httpVersion: "2.0" }],
])("a request %s is refused with 400", (_name, request) => {
  const adopted = adopt(request);
  expect(adopted.context).toBeUndefined();
  expect(adopted.socket.calls).toContain("end");
  expect(answer(adopted)).toBe("HTTP/1.1 400 Bad Request");
});

test("an Upgrade of HTTP/1.0 is ignored (RFC 9110, 7.8)", () => {
  const adopted = adopt({ httpVersion: "1.0", headers: [UPGRADE] });
  expect(adopted.context?.request.isWebSocketRequest).toBe(false);
  answer(adopted);
});

test("fields may be longer than an HttpListener takes them", () => {
  const adopted = adopt({ headers: [HOST, ["Cookie", "x".repeat(100_000)]] });
  expect(adopted.context?.request.headers.get("cookie")).toHaveLength(100_000);
  answer(adopted);
});

test("what came behind the head is unread until the socket is somebody's", async () => {
  const adopted = adopt({}, new FakeSocket(), asciiOf("frames"));
  expect(adopted.socket.isPaused).toBe(true);
  const socket = adopted.context?.upgrade([["Upgrade", "websocket"]]);
  expect(socket).toBe(adopted.socket);
  const received = new Promise<Uint8Array>((resolve) => {
    adopted.socket.handlers = { received: resolve, drained() {}, closed() {} };
  });
  expect(new TextDecoder().decode(await received)).toBe("frames");
  expect(adopted.socket.isPaused).toBe(false);
});

test("what came behind the head of a request that is refused is dropped", () => {
  const adopted = adopt({ headers: [] }, new FakeSocket(), pattern(100));
  expect(adopted.context).toBeUndefined();
  expect(adopted.socket.unreadLength).toBe(0);
  answer(adopted);
});
