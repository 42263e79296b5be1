/** The closing handshake as the peer begins it: RFC 6455, 5.5.1 and 7.4. */

import { Role } from "xs-websockets/common/constants";
import { CLOSE_STATUSES, FORBIDDEN_CLOSE_STATUSES, INVALID_REASONS } from "../support/tables.js";
import { pattern, hexOf } from "../support/vectors.js";
import { accepted, closed, refused, refusedBytes, type Vector } from "./vectortypes.js";

const NORMAL = "03e8";

/** Close frames with every kind of body, and what may come behind them. */
export function closeVectors(): Vector[] {
  return [...bodyVectors(), ...reasonVectors(), ...sequenceVectors()];
}

function bodyVectors(): Vector[] {
  return [
    ...closed("Close without a body", [[0x88]], 1005, ""),
    ...refused("Close with a body of one byte", [[0x88, "03"]], 1002),
    ...CLOSE_STATUSES.flatMap((status) =>
      closed(`Close ${status}`, [[0x88, statusHex(status)]], status, String(status)),
    ),
    ...CLOSE_STATUSES.flatMap((status) =>
      closed(`Close ${status} with a reason`, [[0x88, `${statusHex(status)}6f6b`]], status, String(status)),
    ),
    ...FORBIDDEN_CLOSE_STATUSES.flatMap((status) => refused(`Close ${status}`, [[0x88, statusHex(status)]], 1002)),
    ...FORBIDDEN_CLOSE_STATUSES.flatMap((status) =>
      refused(`Close ${status} with a reason`, [[0x88, `${statusHex(status)}6f6b`]], 1002),
    ),
  ];
}

function reasonVectors(): Vector[] {
  return [
    ...closed("Close with a reason of 123 bytes", [[0x88, NORMAL + hexOf(pattern(123))]], 1000, "1000"),
    ...refused("Close with a reason of 124 bytes", [[0x88, NORMAL + hexOf(pattern(124))]], 1002),
    ...closed("Close with a reason of many languages", [[0x88, `${NORMAL}cebaf09f9880`]], 1000, "1000"),
    ...INVALID_REASONS.flatMap((hex) => refused(`Close with the reason ${hex}`, [[0x88, NORMAL + hex]], 1007)),
  ];
}

function sequenceVectors(): Vector[] {
  const close = [0x88, NORMAL] as const;
  return [
    ...closed("a message before Close", [[0x81, "61"], close], 1000, "1000", ["text:a"]),
    ...closed("Close between fragments", [[0x01, "61"], close, [0x80, "62"]], 1000, "1000"),
    ...closed("a Ping before Close", [[0x89, "01"], close], 1000, "1000", ["sent pong:01"]),
    ...closed("a message behind Close", [close, [0x81, "61"]], 1000, "1000"),
    ...closed("a Ping behind Close", [close, [0x89, "61"]], 1000, "1000"),
    ...closed("another Close behind Close", [close, [0x88, "03e9"]], 1000, "1000"),
    ...closed("a broken frame behind Close", [close, [0xff, "61"]], 1000, "1000"),
    ...closed("the header of a huge frame behind Close", [close], 1000, "1000", [], { announced: [0x82, 2 ** 52] }),
    ...refused("a message behind an error", [[0x83], [0x81, "61"]], 1002),
    ...refused("Close behind an error", [[0x83], close], 1002),
    ...refused("another error behind an error", [[0x81, "ff"], [0x83]], 1007),
    ...accepted("no bytes at all", [], []),
    refusedBytes("text where frames should be", Role.Server, hexOf(pattern(40)), 1002),
    refusedBytes("an HTTP answer where frames should be", Role.Client, "485454502f312e31203230300d0a", 1002),
    refusedBytes("an HTTP request where frames should be", Role.Server, "474554202f20485454502f312e310d0a", 1002),
    refusedBytes("the head of a TLS handshake", Role.Server, "1603010200010001fc0303", 1002),
  ];
}

function statusHex(status: number): string {
  return status.toString(16).padStart(4, "0");
}
