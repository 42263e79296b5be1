import { Closing, encodeCloseBody, encodeFailure, parseCloseBody } from "../../modules/protocol/closing.js";
import { OptionError, ProtocolError } from "../../modules/common/errors.js";
import { REFUSED_CLOSES } from "../support/closing.js";
import { bytesOf, hexOf } from "../support/vectors.js";

describe("bodies, in both directions", () => {
  test.each([
    ["", 1005, ""],
    ["03e8", 1000, ""],
    ["03e94279652e", 1001, "Bye."],
    ["0bb8", 3000, ""],
    ["1387cebaf09f9880", 4999, "κ😀"],
    [`03e8${"61".repeat(123)}`, 1000, "a".repeat(123)],
  ])("%s is %d %j", (hex, status, description) => {
    expect(hexOf(encodeCloseBody(status, description))).toBe(hex);
    expect(parseCloseBody(bytesOf(hex))).toEqual({ status, description });
  });
});

test.each(REFUSED_CLOSES)("a caller may not send %d %j", (status, description) => {
  expect(() => encodeCloseBody(status, description)).toThrow(OptionError);
});

test("the Close frame of a failure has its status, and as much of its message as fits", () => {
  const body = encodeFailure(new ProtocolError(1009, "a".repeat(500)));
  expect(body).toHaveLength(125);
  expect(parseCloseBody(body)).toEqual({ status: 1009, description: "a".repeat(123) });
});

describe("deadlines", () => {
  test("the closing handshake ends at its timeout", () => {
    expect(new Closing(100, 5_000).deadline).toBe(5_100);
  });

  test("a failed peer has a moment to read why, then the rest of the timeout to end", () => {
    const closing = new Closing(100, 5_000);
    closing.fail(new ProtocolError(1002, ""), 100);
    expect(closing.deadline).toBe(350);
    closing.endLingering();
    expect(closing.deadline).toBe(5_100);
  });

  test("the moment is no longer than the timeout", () => {
    const closing = new Closing(100, 50);
    closing.fail(new ProtocolError(1002, ""), 100);
    expect(closing.deadline).toBe(150);
  });
});
