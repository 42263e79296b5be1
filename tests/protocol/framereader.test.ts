import { copyBytes } from "#platform";
import { Opcode, Role } from "../../modules/common/constants.js";
import { FrameReader, type FrameListener } from "../../modules/protocol/framereader.js";
import { asciiOf, bytesOf, frame, header, hexOf, joined, pattern } from "../support/vectors.js";

/** Reads, and tells what came: "start opcode final length", payload as hex with "." at its end, "refused status". */
function recorded(role: Role): { reader: FrameReader; events: string[] } {
  const events: string[] = [];
  const frameReceived: FrameListener["frameReceived"] = (opcode, isFinal, chunk, start, end) => {
    const isMasked = role === Role.Server;
    events.push(`whole ${opcode} ${String(isFinal)} ${hexOf(copyBytes(chunk, start, end, isMasked))}`);
  };
  const listener: FrameListener = {
    frameReceived,
    frameStarted: (opcode, isFinal, length) => {
      events.push(`start ${opcode} ${String(isFinal)} ${length}`);
    },
    payloadReceived: (bytes, isEnd) => {
      events.push(hexOf(bytes) + (isEnd ? "." : ""));
    },
    frameRefused: (error) => {
      events.push(`refused ${error.closeStatus}`);
    },
  };
  return { reader: new FrameReader(role, listener), events };
}

test("a frame that comes whole is told at once", () => {
  const { reader, events } = recorded(Role.Client);
  reader.read(frame(0x81, asciiOf("ab"), false));
  reader.read(frame(0x00, asciiOf(""), false));
  expect(events).toEqual(["whole 1 true 6162", "whole 0 false "]);
});

test("a payload is told as it comes, and its last bytes are marked", () => {
  const { reader, events } = recorded(Role.Client);
  reader.read(bytesOf("820401"));
  reader.read(bytesOf("0203"));
  reader.read(bytesOf("048100"));
  expect(events).toEqual(["start 2 true 4", "01", "0203", "04.", "whole 1 true "]);
});

test("the mask goes on over every split of the payload", () => {
  const bytes = frame(0x82, pattern(23), true);
  for (let first = 7; first < bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const { reader, events } = recorded(Role.Server);
      const chunk = bytes.slice();
      for (const piece of [chunk.slice(0, first), chunk.slice(first, second), chunk.slice(second)]) reader.read(piece);
      const payload = events.slice(1).join("").replaceAll(".", "");
      expect(payload).toBe(hexOf(pattern(23)));
    }
  }
});

test("a rule that the first byte breaks is found before the second one comes", () => {
  const { reader, events } = recorded(Role.Server);
  reader.read(bytesOf("c1"));
  expect(events).toEqual(["refused 1002"]);
});

test("a rule that the second byte breaks is found before the length comes", () => {
  const { reader, events } = recorded(Role.Server);
  reader.read(bytesOf("89"));
  reader.read(bytesOf("fe"));
  expect(events).toEqual(["refused 1002"]);
});

test("nothing is read behind a refused frame", () => {
  const { reader, events } = recorded(Role.Client);
  reader.read(joined([bytesOf("8300"), frame(0x81, asciiOf("a"), false)]));
  reader.read(frame(0x81, asciiOf("b"), false));
  expect(events).toEqual(["refused 1002"]);
});

test("nothing is read once it was stopped, be it by the listener within a chunk", () => {
  const events: string[] = [];
  const listener: FrameListener = {
    frameReceived: () => {
      events.push("whole");
      reader.stop();
    },
    frameStarted: () => events.push("start"),
    payloadReceived: () => events.push("payload"),
    frameRefused: () => events.push("refused"),
  };
  const reader = new FrameReader(Role.Client, listener);
  reader.read(bytesOf("8100810083"));
  reader.read(bytesOf("83"));
  expect(events).toEqual(["whole"]);
});

test("a listener that stops at a header is told no payload", () => {
  const events: string[] = [];
  const listener: FrameListener = {
    frameReceived: () => events.push("whole"),
    frameStarted: () => {
      events.push("start");
      reader.stop();
    },
    payloadReceived: () => events.push("payload"),
    frameRefused: () => events.push("refused"),
  };
  const reader = new FrameReader(Role.Client, listener);
  reader.read(bytesOf("820401"));
  reader.read(bytesOf("020304"));
  expect(events).toEqual(["start"]);
});

test("lengths up to 2^53 - 1 are told, and nothing is allocated for them", () => {
  const { reader, events } = recorded(Role.Client);
  reader.read(header(0x82, Number.MAX_SAFE_INTEGER, false));
  expect(events).toEqual([`start 2 true ${Number.MAX_SAFE_INTEGER}`]);
});

test.each([Opcode.Ping, Opcode.Close])("a control frame %d whose payload comes in pieces keeps its order", (opcode) => {
  const { reader, events } = recorded(Role.Server);
  const bytes = frame(0x80 | opcode, pattern(5), true);
  for (const byte of bytes) reader.read(Uint8Array.of(byte));
  expect(events.join("")).toBe(`start ${opcode} true 500070e151c.`);
});
