import { Opcode, Role, WebSocketState } from "../../modules/common/constants.js";
import { InvalidStateError, OptionError, ProtocolError } from "../../modules/common/errors.js";
import { MAX_FRAME_COST } from "../../modules/protocol/framequeue.js";
import { CONNECTION_DEFAULTS, type WebSocketOptions } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { asciiOf, bytesOf, frame, hexOf, pattern } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";

interface Bench {
  readonly owner: RecordingOwner;
  readonly protocol: Protocol;
  /** A frame from the peer. */
  readonly receive: (first: number, payload: Uint8Array, now: number) => void;
}

function bench(role: Role, options: WebSocketOptions = {}): Bench {
  const owner = new RecordingOwner();
  const protocol = new Protocol(role, { ...CONNECTION_DEFAULTS, ...options }, owner, owner, 0);
  const receive = (first: number, payload: Uint8Array, now: number): void => {
    protocol.receive(frame(first, payload, role === Role.Server), now);
  };
  return { owner, protocol, receive };
}

const NONE = pattern(0);
const NORMAL = bytesOf("03e8");
const ROLES = [
  ["server", Role.Server],
  ["client", Role.Client],
] as const;

describe("sending", () => {
  test("a message leaves at once, in fragments where it is longer than they may be", () => {
    const { protocol, owner } = bench(Role.Client);
    expect(protocol.send(Opcode.Text, asciiOf("hello"), 2, 0)).toBe(true);
    expect(owner.events).toEqual(["sent text+:6865", "sent continuation+:6c6c", "sent continuation:6f"]);
    expect(new Set(owner.frames.map(({ mask }) => hexOf(mask))).size).toBe(3);
  });

  test("the caller's buffer stays as it is, and may be changed while the message waits", () => {
    const { protocol, owner } = bench(Role.Client);
    owner.isBlocking = true;
    const payload = pattern(20);
    protocol.send(Opcode.Binary, payload, 7, 0);
    expect(hexOf(payload)).toBe(hexOf(pattern(20)));
    payload.fill(0xff);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.frames.map((sent) => hexOf(sent.payload)).join("")).toBe(hexOf(pattern(20)));
  });

  test("frames that were encoded before are passed on as they are", () => {
    const { protocol, owner } = bench(Role.Server);
    const encoded = frame(0x82, pattern(3), false);
    expect(protocol.sendEncoded({ opcode: Opcode.Binary, payload: pattern(3), frames: [encoded] }, 0, 0)).toBe(true);
    expect(owner.sent[0]).toBe(encoded);
  });
});

describe("back-pressure", () => {
  test("once the transport is full, frames wait, and leave one for each time that it has room", () => {
    const { protocol, owner } = bench(Role.Server);
    owner.isBlocking = true;
    for (const text of ["a", "b", "c"]) protocol.send(Opcode.Text, asciiOf(text), 0, 0);
    expect(owner.take()).toEqual(["sent text:61"]);
    protocol.drained(0);
    expect(owner.take()).toEqual(["sent text:62"]);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.take()).toEqual(["sent text:63", "drained"]);
  });

  test("control frames pass the fragments that wait, which stay in order and whole", () => {
    const { protocol, owner, receive } = bench(Role.Server);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("abc"), 1, 0);
    receive(0x89, asciiOf("1"), 0);
    protocol.ping(asciiOf("2"), 0);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.take()).toEqual([
      "sent text+:61",
      "sent pong:31",
      "sent ping:32",
      "sent continuation+:62",
      "sent continuation:63",
      "drained",
    ]);
  });

  test("Close does not pass the messages that wait, and nothing is told of room behind it", () => {
    const { protocol, owner } = bench(Role.Client);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("ab"), 1, 0);
    protocol.close(1000, "", 0);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.take()).toEqual(["sent text+:61", "sent continuation:62", "sent close:1000"]);
  });

  test("a flood of Pings to a peer that takes no answers fills nothing", () => {
    const { protocol, owner, receive } = bench(Role.Server);
    owner.isBlocking = true;
    for (let at = 0; at < 10_000; at++) receive(0x89, Uint8Array.of(at >> 8, at & 0xff), 0);
    expect(protocol.bufferedAmount).toBe(16 * 4);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.events).toHaveLength(1 + 16 + 1);
    expect(owner.events.at(-2)).toBe("sent pong:270f");
  });

  test("the queue is bounded: send says so, sends nothing, and takes more when it has drained", () => {
    const { protocol, owner } = bench(Role.Server, { maxQueueBytes: 1_000 });
    owner.isBlocking = true;
    expect(protocol.send(Opcode.Binary, pattern(1), 0, 0)).toBe(true);
    let count = 0;
    while (protocol.send(Opcode.Binary, pattern(50), 0, 0)) count++;
    expect(count).toBeGreaterThan(5);
    expect(protocol.bufferedAmount).toBe(count * 52);
    expect(protocol.bufferedAmount).toBeLessThanOrEqual(1_000);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.take()).toHaveLength(1 + count + 1);
    expect(protocol.send(Opcode.Binary, pattern(50), 0, 0)).toBe(true);
  });

  test("what the transport holds counts", () => {
    const { protocol, owner } = bench(Role.Server, { maxQueueBytes: 1_000 });
    // What does not leave at once waits in the transport, which then is full.
    owner.isBlocking = true;
    expect(protocol.send(Opcode.Binary, pattern(1), 0, 0)).toBe(true);
    owner.bufferedAmount = 950;
    expect(protocol.bufferedAmount).toBe(950);
    expect(protocol.send(Opcode.Binary, pattern(1), 0, 0)).toBe(false);
    expect(owner.sent).toHaveLength(1);
  });

  test("a message that can never fit is the caller's error, also while the queue is full", () => {
    const { protocol, owner } = bench(Role.Server, { maxQueueBytes: 1_000 });
    const fitting = 1_000 - MAX_FRAME_COST;
    expect(() => protocol.send(Opcode.Binary, pattern(fitting + 1), 0, 0)).toThrow(OptionError);
    expect(() => protocol.send(Opcode.Binary, pattern(fitting + 1), 0, 0)).toThrow(/maxQueueBytes is 1000/);
    expect(() => protocol.send(Opcode.Binary, pattern(100), 1, 0)).toThrow(OptionError);
    expect(owner.events).toEqual([]);
    expect(protocol.send(Opcode.Binary, pattern(fitting), 0, 0)).toBe(true);
    owner.bufferedAmount = 900;
    expect(() => protocol.send(Opcode.Binary, pattern(fitting + 1), 0, 0)).toThrow(OptionError);
  });

  test("what is sent from within the drained event goes on where the queue ended", () => {
    const { protocol, owner } = bench(Role.Server);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("ab"), 1, 0);
    owner.isBlocking = false;
    owner.onEvent = (event) => {
      if (event === "drained") protocol.send(Opcode.Text, asciiOf("c"), 0, 0);
    };
    protocol.drained(0);
    expect(owner.take()).toEqual(["sent text+:61", "sent continuation:62", "drained", "sent text:63"]);
  });
});

describe.each(ROLES)("the closing handshake of a %s", (_name, role) => {
  test("that begins it: Close, the peer's Close, the end", () => {
    const { protocol, owner, receive } = bench(role);
    protocol.close(3000, "why", 0);
    expect(protocol.state).toBe(WebSocketState.CloseSent);
    receive(0x88, bytesOf("0bb86f6b"), 10);
    expect(protocol.state).toBe(WebSocketState.CloseReceived);
    expect(owner.take()).toEqual(["sent close:3000", ...(role === Role.Server ? ["end"] : [])]);
    protocol.transportClosed(undefined, 20);
    expect(protocol.state).toBe(WebSocketState.Closed);
    expect(protocol.outcome).toMatchObject({ status: 3000, description: "ok", wasClean: true, error: undefined });
  });

  test("that is asked: it answers with the same status, and says nothing more", () => {
    const { protocol, owner, receive } = bench(role);
    receive(0x88, bytesOf("0bb86f6b"), 0);
    protocol.close(1000, "", 0);
    expect(owner.take()).toEqual(["sent close:3000", ...(role === Role.Server ? ["end"] : [])]);
    expect(protocol.outcome).toMatchObject({ status: 3000, description: "ok", wasClean: true });
  });

  test("both at once: one Close each", () => {
    const { protocol, owner, receive } = bench(role);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    protocol.close(1000, "", 0);
    receive(0x88, bytesOf("03e9"), 0);
    expect(owner.take()).toEqual(["sent text:61"]);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.take()).toEqual(["sent close:1000", ...(role === Role.Server ? ["end"] : [])]);
    expect(protocol.outcome).toMatchObject({ status: 1001, wasClean: true });
  });

  test("with the queue full: the answer waits behind the messages, and the end behind the answer", () => {
    const { protocol, owner, receive } = bench(role);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("ab"), 1, 0);
    receive(0x88, NORMAL, 0);
    owner.isBlocking = false;
    expect(owner.take()).toEqual(["sent text+:61"]);
    protocol.drained(0);
    const end = role === Role.Server ? ["end"] : [];
    expect(owner.take()).toEqual(["sent continuation:62", "sent close:1000", ...end]);
  });

  test("messages that still come before the peer's Close are delivered; its Pings are not answered", () => {
    const { protocol, owner, receive } = bench(role);
    protocol.close(1000, "", 0);
    receive(0x81, asciiOf("late"), 0);
    receive(0x89, NONE, 0);
    expect(owner.take()).toEqual(["sent close:1000", "text:late"]);
  });

  test("closing twice, or failing behind it, sends one Close", () => {
    const { protocol, owner, receive } = bench(role);
    protocol.close(1000, "", 0);
    protocol.close(1001, "", 0);
    receive(0x83, NONE, 0);
    protocol.fail(new ProtocolError(1011, "again"), 0);
    expect(owner.take()).toEqual(["sent close:1000"]);
    expect(protocol.outcome).toMatchObject({ status: 1002, wasClean: false });
  });

  test("without an answer it ends at closeTimeoutMs", () => {
    const { protocol, owner } = bench(role, { closeTimeoutMs: 500 });
    protocol.close(1000, "", 100);
    expect(protocol.deadline).toBe(600);
    protocol.tick(599);
    expect(owner.take()).toEqual(["sent close:1000"]);
    protocol.tick(600);
    expect(owner.take()).toEqual(["destroy"]);
    expect(protocol.outcome).toMatchObject({ status: 1006, wasClean: false, error: { code: "ERR_TIMEOUT" } });
  });

  test("a peer that answers but does not end TCP is cut off at closeTimeoutMs, cleanly", () => {
    const { protocol, owner, receive } = bench(role, { closeTimeoutMs: 500 });
    receive(0x88, NORMAL, 100);
    owner.take();
    protocol.tick(600);
    expect(owner.take()).toEqual(["destroy"]);
    expect(protocol.outcome).toMatchObject({ status: 1000, wasClean: true, error: undefined });
  });

  test("a peer that takes nothing more is cut off at closeTimeoutMs as well", () => {
    const { protocol, owner } = bench(role, { closeTimeoutMs: 500 });
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    protocol.close(1000, "", 100);
    owner.take();
    protocol.tick(600);
    expect(owner.take()).toEqual(["destroy"]);
  });

  test("the end of TCP without Close is abnormal", () => {
    const { protocol } = bench(role);
    protocol.transportClosed(undefined, 0);
    expect(protocol.outcome).toMatchObject({ status: 1006, wasClean: false, error: { code: "ERR_NETWORK" } });
  });

  test("nothing is sent while closing", () => {
    const { protocol } = bench(role);
    protocol.close(1000, "", 0);
    expect(() => protocol.send(Opcode.Text, NONE, 0, 0)).toThrow(InvalidStateError);
    expect(() => protocol.sendEncoded({ opcode: Opcode.Text, payload: new Uint8Array(0), frames: [] }, 0, 0)).toThrow(
      InvalidStateError,
    );
    expect(() => {
      protocol.ping(NONE, 0);
    }).toThrow(InvalidStateError);
  });

  test("a status or description that cannot be sent is the caller's error, and closes nothing", () => {
    const { protocol, owner } = bench(role);
    for (const [status, description] of [
      [1006, ""],
      [1000, "a".repeat(124)],
    ] as const)
      expect(() => {
        protocol.close(status, description, 0);
      }).toThrow(OptionError);
    expect(protocol.state).toBe(WebSocketState.Open);
    expect(owner.events).toEqual([]);
  });
});

describe.each(ROLES)("a %s that fails the connection", (_name, role) => {
  test("tells the peer, waits a moment for it to read, then ends TCP, then cuts it off", () => {
    const { protocol, owner, receive } = bench(role, { closeTimeoutMs: 5_000 });
    receive(0x83, NONE, 100);
    expect(owner.take()).toEqual(["sent close:1002"]);
    expect(protocol.deadline).toBe(350);
    protocol.tick(350);
    expect(owner.take()).toEqual(["end"]);
    expect(protocol.deadline).toBe(5_100);
    protocol.tick(5_100);
    expect(owner.take()).toEqual(["destroy"]);
    expect(protocol.outcome).toMatchObject({ status: 1002, wasClean: false, error: { code: "ERR_PROTOCOL" } });
  });

  test("drops the messages that wait, but tears no frame", () => {
    const { protocol, owner, receive } = bench(role);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("abc"), 1, 0);
    receive(0x83, NONE, 0);
    owner.isBlocking = false;
    protocol.drained(0);
    expect(owner.take()).toEqual(["sent text+:61", "sent close:1002"]);
  });

  test("with the transport full ends TCP only when its Close has left", () => {
    const { protocol, owner, receive } = bench(role);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    receive(0x83, NONE, 0);
    owner.take();
    protocol.tick(250);
    expect(owner.take()).toEqual([]);
    owner.isBlocking = false;
    protocol.drained(300);
    expect(owner.take()).toEqual(["sent close:1002", "end"]);
  });

  test("keeps its error when TCP ends", () => {
    const { protocol, receive } = bench(role);
    receive(0x81, bytesOf("ff"), 0);
    protocol.transportClosed({ code: "ECONNRESET", message: "reset" }, 0);
    expect(protocol.outcome).toMatchObject({ status: 1007, error: { code: "ERR_INVALID_PAYLOAD", closeStatus: 1007 } });
  });
});
