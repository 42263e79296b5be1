import { Opcode, Role, WebSocketState } from "../../modules/common/constants.js";
import { OptionError, ProtocolError } from "../../modules/common/errors.js";
import { CONNECTION_DEFAULTS, type WebSocketOptions } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { asciiOf, bytesOf, frame, joined, pattern } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";

function bench(options: WebSocketOptions = {}): { protocol: Protocol; owner: RecordingOwner } {
  const owner = new RecordingOwner();
  return { owner, protocol: new Protocol(Role.Server, { ...CONNECTION_DEFAULTS, ...options }, owner, owner, 0) };
}

const NONE = pattern(0);

describe("keep-alive", () => {
  test("a silent peer gets a Ping, and its answer keeps it", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 30, serverTimeout: 60 });
    expect(protocol.deadline).toBe(30);
    protocol.tick(30);
    expect(owner.take()).toEqual(["sent ping:"]);
    protocol.receive(frame(0x8a, NONE, true), 80);
    expect(owner.take()).toEqual(["received pong:"]);
    expect(protocol.deadline).toBe(110);
  });

  test("one byte of a frame is a sign of life", () => {
    const { protocol } = bench({ keepAliveInterval: 30, serverTimeout: 60 });
    protocol.receive(bytesOf("82"), 29);
    expect(protocol.deadline).toBe(59);
  });

  test("a peer that does not answer is given up within interval and timeout", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 30, serverTimeout: 60 });
    protocol.tick(30);
    protocol.tick(89);
    expect(owner.take()).toEqual(["sent ping:"]);
    protocol.tick(90);
    expect(owner.take()).toEqual(["destroy"]);
    expect(protocol.outcome).toMatchObject({ status: 1006, wasClean: false, error: { code: "ERR_TIMEOUT" } });
  });

  test("interval 0 and nothing to send: never a deadline", () => {
    expect(bench({ keepAliveInterval: 0 }).protocol.deadline).toBe(Infinity);
  });

  test("a tick before its time does nothing", () => {
    const { protocol, owner } = bench();
    for (const time of [0, 1, 29_999]) protocol.tick(time);
    expect(owner.events).toEqual([]);
  });
});

describe("a peer that takes nothing", () => {
  test("is given up after serverTimeout, also where no Ping is ever sent", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 0, serverTimeout: 60 });
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 100);
    expect(protocol.deadline).toBe(160);
    owner.take();
    protocol.tick(160);
    expect(owner.take()).toEqual(["destroy"]);
    expect(protocol.outcome.error).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  test("is given up although it sends: being fed counts, not being heard", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 30, serverTimeout: 60 });
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    protocol.receive(frame(0x8a, NONE, true), 59);
    owner.take();
    protocol.tick(60);
    expect(owner.take()).toEqual(["destroy"]);
  });

  test("has its time anew whenever it has taken something", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 0, serverTimeout: 60 });
    owner.isBlocking = true;
    for (let at = 0; at < 3; at++) protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    protocol.drained(50);
    expect(protocol.deadline).toBe(110);
    protocol.drained(100);
    expect(protocol.deadline).toBe(160);
    owner.isBlocking = false;
    protocol.drained(150);
    expect(protocol.deadline).toBe(Infinity);
  });

  test("is waited for without end where serverTimeout is 0", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 0, serverTimeout: 0 });
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    expect(protocol.deadline).toBe(Infinity);
  });

  test("its owner is told that the deadline moved, once it is known", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 0, serverTimeout: 60 });
    const deadlines: number[] = [];
    owner.deadlineMoved = () => void deadlines.push(protocol.deadline);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 100);
    expect(deadlines).toEqual([160]);
  });
});

describe("Pings and Pongs", () => {
  test("a Ping of 125 bytes is sent, one of 126 is the caller's error", () => {
    const { protocol, owner } = bench();
    protocol.ping(pattern(125), 0);
    expect(owner.take()).toHaveLength(1);
    expect(() => {
      protocol.ping(pattern(126), 0);
    }).toThrow(OptionError);
    expect(owner.take()).toEqual([]);
  });
});

describe("within a callback", () => {
  const two = (): Uint8Array => joined([frame(0x81, asciiOf("a"), true), frame(0x81, asciiOf("b"), true)]);

  test("abort: the rest of the chunk is not read", () => {
    const { protocol, owner } = bench();
    owner.onEvent = () => {
      protocol.abort(0);
    };
    protocol.receive(two(), 0);
    expect(owner.events).toEqual(["text:a", "destroy"]);
    expect(protocol.state).toBe(WebSocketState.Aborted);
  });

  test("fail: the rest of the chunk is not read", () => {
    const { protocol, owner } = bench();
    owner.onEvent = (event) => {
      if (event === "text:a") protocol.fail(new ProtocolError(1011, "handler"), 0);
    };
    protocol.receive(two(), 0);
    expect(owner.events).toEqual(["text:a", "sent close:1011"]);
    expect(protocol.outcome).toMatchObject({ status: 1011 });
  });

  test("close: messages that came before the peer's Close are still delivered", () => {
    const { protocol, owner } = bench();
    owner.onEvent = (event) => {
      if (event === "text:a") protocol.close(1000, "", 0);
    };
    protocol.receive(two(), 0);
    expect(owner.events).toEqual(["text:a", "sent close:1000", "text:b"]);
  });

  test("send: answers are in the order of the messages", () => {
    const { protocol, owner } = bench();
    owner.onEvent = (event) => {
      if (event.startsWith("text:")) protocol.send(Opcode.Text, asciiOf(event.slice(5)), 0, 0);
    };
    protocol.receive(two(), 0);
    expect(owner.events).toEqual(["text:a", "sent text:61", "text:b", "sent text:62"]);
  });
});

describe("a message in pieces", () => {
  const begun = frame(0x82, pattern(100), true).subarray(0, 40);
  const failed = "sent close:1008";

  test("has to be whole in messageTimeoutMs from its first byte, which trickling does not prolong", () => {
    const { protocol, owner } = bench({ messageTimeoutMs: 50 });
    protocol.receive(begun.slice(), 100);
    expect(protocol.deadline).toBe(150);
    protocol.receive(bytesOf("00"), 149);
    expect(protocol.deadline).toBe(150);
    protocol.tick(149);
    expect(owner.take()).toEqual([]);
    protocol.tick(150);
    expect(owner.take()).toEqual([failed]);
    expect(protocol.outcome).toMatchObject({
      status: 1008,
      error: { code: "ERR_POLICY", message: "A message was not whole within 50 ms (messageTimeoutMs)." },
    });
  });

  test("in fragments: between them the time goes on", () => {
    const { protocol, owner } = bench({ messageTimeoutMs: 50 });
    protocol.receive(frame(0x01, asciiOf("a"), true), 100);
    protocol.receive(frame(0x00, asciiOf("b"), true), 140);
    protocol.tick(150);
    expect(owner.take()).toEqual([failed]);
  });

  test("that is whole in time leaves no deadline of its own, and the next one has its own", () => {
    const { protocol, owner } = bench({ messageTimeoutMs: 50, keepAliveInterval: 0 });
    protocol.receive(frame(0x01, asciiOf("a"), true), 100);
    protocol.receive(frame(0x80, asciiOf("b"), true), 140);
    expect(owner.take()).toEqual(["text:ab"]);
    expect(protocol.deadline).toBe(Infinity);
    protocol.receive(begun.slice(), 1_000);
    expect(protocol.deadline).toBe(1_050);
  });

  test("deliverFragments: each fragment has the whole time", () => {
    const { protocol } = bench({ messageTimeoutMs: 50, deliverFragments: true });
    protocol.receive(frame(0x01, asciiOf("a"), true), 100);
    protocol.receive(frame(0x00, asciiOf("b"), true), 140);
    expect(protocol.deadline).toBe(190);
  });

  test("messageTimeoutMs 0: it may take for ever", () => {
    const { protocol } = bench({ messageTimeoutMs: 0, keepAliveInterval: 0 });
    protocol.receive(begun.slice(), 100);
    expect(protocol.deadline).toBe(Infinity);
  });
});

describe("pause", () => {
  const pieces = ["a", "b", "c"].map((text) => frame(0x81, asciiOf(text), true));

  test("within a chunk: the rest of it is given back", () => {
    const { protocol, owner } = bench();
    owner.onEvent = () => {
      protocol.pause();
    };
    protocol.receive(joined(pieces), 0);
    expect(owner.take()).toEqual(["text:a"]);
    expect(owner.isPaused).toBe(true);
    const [rest = NONE, ...others] = owner.unreadBytes;
    expect([rest, ...others]).toEqual([joined(pieces.slice(1))]);
    owner.onEvent = undefined;
    protocol.resume(1);
    expect(owner.isPaused).toBe(false);
    protocol.receive(rest, 1);
    expect(owner.unreadBytes).toHaveLength(1);
    expect(owner.take()).toEqual(["text:b", "text:c"]);
  });

  test("neither silence nor a message in pieces is held against a peer that is not heard", () => {
    const { protocol, owner } = bench({ keepAliveInterval: 30, serverTimeout: 60, messageTimeoutMs: 50 });
    protocol.receive(frame(0x82, pattern(100), true).subarray(0, 40), 0);
    protocol.pause();
    expect(protocol.deadline).toBe(Infinity);
    protocol.tick(1_000);
    expect(owner.take()).toEqual([]);
    protocol.resume(1_000);
    expect(protocol.deadline).toBe(1_030);
    protocol.tick(1_030);
    expect(owner.take()).toEqual(["sent ping:"]);
    protocol.tick(1_050);
    expect(owner.take()).toEqual(["sent close:1008"]);
  });

  test("a peer that takes nothing is given up nevertheless", () => {
    const { protocol, owner } = bench({ serverTimeout: 60 });
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 100);
    protocol.pause();
    expect(protocol.deadline).toBe(160);
    protocol.tick(160);
    expect(owner.take()).toEqual(["sent text:61", "destroy"]);
  });

  test("does not outlive a failure: nothing is received after it", () => {
    const { protocol, owner } = bench();
    protocol.pause();
    protocol.fail(new ProtocolError(1011, "x"), 0);
    expect([protocol.isPaused, owner.isPaused]).toEqual([false, false]);
    protocol.resume(0);
    protocol.receive(pieces[0] ?? NONE, 0);
    expect(owner.take()).toEqual(["sent close:1011"]);
  });
});
