import { Opcode, Role } from "../../modules/common/constants.js";
import { OptionError } from "../../modules/common/errors.js";
import { FrameQueue } from "../../modules/protocol/framequeue.js";
import { encodeFrame, encodeMessage } from "../../modules/protocol/framewriter.js";
import { asciiOf, pattern } from "../support/vectors.js";
import { RecordingOwner } from "../support/vectorowner.js";

const data = (text: string): Uint8Array => encodeFrame(Role.Server, Opcode.Text, true, asciiOf(text));
const pong = (text: string): Uint8Array => encodeFrame(Role.Server, Opcode.Pong, true, asciiOf(text));

/** A queue whose transport is full: one frame of no bytes has filled it. */
function blocked(): { queue: FrameQueue; transport: RecordingOwner } {
  const transport = new RecordingOwner();
  const queue = new FrameQueue(transport);
  transport.isBlocking = true;
  expect(queue.push(data(""), 0)).toBe(true);
  expect(transport.take()).toEqual(["sent text:"]);
  return { queue, transport };
}

test("while the transport takes what it is given, nothing waits", () => {
  const transport = new RecordingOwner();
  const queue = new FrameQueue(transport);
  expect([queue.push(data("a"), 0), queue.pushControl(pong("1"), 0)]).toEqual([false, false]);
  expect(transport.take()).toEqual(["sent text:61", "sent pong:31"]);
  expect([queue.waiting, queue.bufferedAmount, queue.deadline(10)]).toEqual([undefined, 0, Infinity]);
});

test("control frames leave before data, both in the order in which they came", () => {
  const { queue, transport } = blocked();
  for (const [frame, isControl] of [[data("a")], [pong("1"), true], [data("b")], [pong("2"), true]] as const)
    expect(isControl === true ? queue.pushControl(frame, 1) : queue.push(frame, 1)).toBe(false);
  expect(transport.take()).toEqual([]);
  transport.isBlocking = false;
  expect(queue.drained(2)).toBe(true);
  expect(transport.take()).toEqual(["sent pong:31", "sent pong:32", "sent text:61", "sent text:62"]);
  expect(queue.waiting).toBeUndefined();
});

test("a transport that is full again takes one frame, and the peer has its time anew", () => {
  const { queue, transport } = blocked();
  queue.push(data("a"), 1);
  queue.push(data("b"), 1);
  expect(queue.deadline(10)).toBe(10);
  expect(queue.drained(5)).toBe(false);
  expect(transport.take()).toEqual(["sent text:61"]);
  expect([queue.deadline(10), queue.deadline(0)]).toEqual([15, Infinity]);
});

test("bytes that leave the transport are progress, once", () => {
  const { queue, transport } = blocked();
  queue.push(data("a"), 1);
  transport.bufferedAmount = 100;
  queue.drained(2);
  transport.bufferedAmount = 99;
  expect([queue.hasProgressed(7), queue.hasProgressed(8)]).toEqual([true, false]);
  expect(queue.deadline(10)).toBe(17);
});

test("the bytes of what waits count until it has left, or was cleared", () => {
  const { queue, transport } = blocked();
  transport.bufferedAmount = 2;
  queue.push(data("abc"), 1);
  queue.pushControl(pong(""), 1);
  expect(queue.bufferedAmount).toBe(9);
  queue.clear();
  expect([queue.bufferedAmount, queue.waiting === undefined]).toEqual([2, false]);
  queue.push(data("d"), 1);
  transport.isBlocking = false;
  queue.drained(2);
  expect(transport.take()).toEqual(["sent text:64"]);
});

test("no more than 16 control frames wait; a newer one takes the place of the last (RFC 6455, 5.5.3)", () => {
  const { queue, transport } = blocked();
  for (let at = 0; at < 100; at++) queue.pushControl(pong(String(at).padStart(3, "0")), 1);
  expect(queue.bufferedAmount).toBe(16 * 5);
  transport.isBlocking = false;
  queue.drained(2);
  const sent = transport.take();
  expect(sent).toHaveLength(16);
  expect(sent.at(-1)).toBe("sent pong:303939");
  expect(queue.bufferedAmount).toBe(0);
});

describe("room", () => {
  /** What a frame takes in memory beside its payload, at most. */
  const OVERHEAD = 64 + 14;

  test.each([
    [0, 10],
    [21, 10],
    [5, 1],
    [500, 0],
    [500, 126],
  ])("%d bytes in pieces of %d find just as much as they need, and little less", (length, size) => {
    const frames = encodeMessage(Role.Client, Opcode.Binary, pattern(length), size);
    const most = length + frames.length * OVERHEAD;
    expect(new FrameQueue(new RecordingOwner()).hasRoomFor(length, size, most)).toBe(true);
    expect(() => new FrameQueue(new RecordingOwner()).hasRoomFor(length, size, most - 1)).toThrow(OptionError);
    const { queue } = blocked();
    for (const frame of frames) queue.push(frame, 1);
    const taken = queue.bufferedAmount + frames.length * 64;
    expect(taken).toBeLessThanOrEqual(most);
    expect([queue.hasRoomFor(1, 0, taken + 1 + OVERHEAD), queue.hasRoomFor(1, 0, taken + OVERHEAD)]).toEqual([
      true,
      false,
    ]);
  });

  test("what the transport has not sent counts", () => {
    const { queue, transport } = blocked();
    transport.bufferedAmount = 900;
    expect([queue.hasRoomFor(22, 0, 1_000), queue.hasRoomFor(23, 0, 1_000)]).toEqual([true, false]);
  });

  test("while nothing waits, bytes that the transport has taken and not sent refuse nothing", () => {
    const transport = new RecordingOwner();
    transport.bufferedAmount = 100;
    expect(new FrameQueue(transport).hasRoomFor(500, 100, 500 + 5 * OVERHEAD)).toBe(true);
  });
});

test.each([0, 1, 10, 125, 126, 1_000])("in frames of up to %i bytes, there is room for so much and no more", (size) => {
  for (const waiting of [undefined, 0, 1, 7]) {
    for (const maxQueueBytes of [78, 79, 100, 500, 1_001, 4_096]) {
      const { queue } = waiting === undefined ? { queue: new FrameQueue(new RecordingOwner()) } : blocked();
      for (let at = 0; at < (waiting ?? 0); at++) queue.push(data("x".repeat(at)), 1);
      const room = queue.roomFor(size, maxQueueBytes);
      const hasRoomFor = (length: number): boolean => {
        try {
          return queue.hasRoomFor(length, size, maxQueueBytes);
        } catch {
          return false;
        }
      };
      expect([size, waiting, maxQueueBytes, room, room === 0 || hasRoomFor(room), hasRoomFor(room + 1)]).toEqual([
        ...[size, waiting, maxQueueBytes, room, true, false],
      ]);
    }
  }
});
