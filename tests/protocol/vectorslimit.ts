/** Limits, each met by the header alone: nothing is allocated for a frame that is not allowed. */

import { describeBytes, pattern, type FrameSpec } from "../support/vectors.js";
import { accepted, refused, type Vector } from "./vectortypes.js";

/** Limits of frames, messages and fragments, and the delivery of fragments. */
export function limitVectors(): Vector[] {
  return [...frameLimitVectors(), ...messageLimitVectors(), ...fragmentCountVectors(), ...fragmentVectors()];
}

function frameLimitVectors(): Vector[] {
  const options = { maxReceiveFrameSize: 100, maxMessageBytes: 250 };
  const full = pattern(100);
  const whole = describeBytes(pattern(100));
  return [
    ...accepted("a frame of just maxReceiveFrameSize", [[0x82, full]], [`binary:${whole}`], { options }),
    ...[0x01, 0x02, 0x81, 0x82].flatMap((first) => [
      ...refused(`the header ${first} of a frame over maxReceiveFrameSize`, [], 1009, [], {
        options,
        announced: [first, 101],
      }),
      ...refused(`the header ${first} of a frame of 4 GB`, [], 1009, [], { options, announced: [first, 2 ** 32] }),
    ]),
    ...refused("a continuation over maxReceiveFrameSize", [[0x02, "01"]], 1009, [], {
      options,
      announced: [0x00, 101],
    }),
    ...refused("a frame over maxReceiveFrameSize with deliverFragments", [], 1009, [], {
      options: { ...options, deliverFragments: true },
      announced: [0x82, 101],
    }),
    ...accepted("a Ping larger than maxReceiveFrameSize", [[0x89, full]], [`sent pong:${whole}`], {
      options: { maxReceiveFrameSize: 10 },
    }),
  ];
}

function messageLimitVectors(): Vector[] {
  const options = { maxMessageBytes: 100 };
  const halves: readonly FrameSpec[] = [
    [0x02, pattern(50)],
    [0x80, pattern(50)],
  ];
  const joinedHalves = describeBytes(Uint8Array.from([...pattern(50), ...pattern(50)]));
  return [
    ...accepted(
      "a message of just maxMessageBytes",
      [[0x82, pattern(100)]],
      [`binary:${describeBytes(pattern(100))}`],
      {
        options,
      },
    ),
    ...accepted("fragments of just maxMessageBytes", halves, [`binary:${joinedHalves}`], { options }),
    ...accepted(
      "two messages of maxMessageBytes together",
      [[0x81, "61"], ...halves],
      ["text:a", `binary:${joinedHalves}`],
      {
        options,
      },
    ),
    ...refused("the header of a message over maxMessageBytes", [], 1009, [], { options, announced: [0x82, 101] }),
    ...refused("the header of a text over maxMessageBytes", [], 1009, [], { options, announced: [0x81, 101] }),
    ...refused("the header of the fragment that exceeds maxMessageBytes", halves.slice(0, 1), 1009, [], {
      options,
      announced: [0x80, 51],
    }),
    ...refused("the header of a text's fragment that exceeds maxMessageBytes", [[0x01, pattern(100)]], 1009, [], {
      options,
      announced: [0x00, 1],
    }),
    ...refused("a fragment of 2^53 - 1 bytes", [[0x02, "01"]], 1009, [], {
      options: { maxMessageBytes: 2_147_483_647 },
      announced: [0x80, Number.MAX_SAFE_INTEGER],
    }),
  ];
}

function fragmentCountVectors(): Vector[] {
  const options = { maxFragments: 3 };
  const start: readonly FrameSpec[] = [[0x02, "01"], [0x00], [0x00, "03"]];
  const twenty: readonly FrameSpec[] = Array.from({ length: 20 }, (_, at) => [at === 0 ? 0x02 : 0x00] as const);
  return [
    ...accepted("just maxFragments", [[0x02, "01"], [0x00], [0x80, "03"]], ["binary:0103"], { options }),
    ...accepted("maxFragments twice", [[0x02], [0x00], [0x80], [0x02], [0x00], [0x80]], ["binary:", "binary:"], {
      options,
    }),
    ...accepted(
      "Pings are no fragments",
      [[0x02], [0x89], [0x89], [0x89], [0x80]],
      ["sent pong:", "sent pong:", "sent pong:", "binary:"],
      {
        options,
      },
    ),
    ...refused("the header of a fragment over maxFragments", start, 1008, [], { options, announced: [0x80, 5] }),
    ...refused("an empty fragment over maxFragments", [...start, [0x80]], 1008, [], { options }),
    ...refused("one fragment where maxFragments allows none but the first", [[0x01], [0x80]], 1008, [], {
      options: { maxFragments: 1 },
    }),
    ...accepted("maxFragments 0 allows any number", [...twenty, [0x80, "01"]], ["binary:01"], {
      options: { maxFragments: 0 },
    }),
  ];
}

/** With `deliverFragments` each fragment is delivered as it comes. */
function fragmentVectors(): Vector[] {
  const options = { deliverFragments: true, maxFragments: 2, maxMessageBytes: 8 };
  return [
    ...accepted("delivered: a whole text", [[0x81, "48656c6c6f"]], ["text:Hello"], { options }),
    ...accepted("delivered: a whole binary", [[0x82, "0102"]], ["binary:0102"], { options }),
    ...accepted("delivered: an empty text", [[0x81]], ["text:"], { options }),
    ...accepted(
      "delivered: fragments of a binary, in sum over maxMessageBytes and maxFragments",
      [[0x02, "010203"], [0x00, "040506"], [0x00], [0x80, "070809"]],
      ["binary[first]:010203", "binary[middle]:040506", "binary[middle]:", "binary[final]:070809"],
      { options },
    ),
    ...accepted(
      "delivered: a character that its fragments part",
      [
        [0x01, "61f09f"],
        [0x89, "01"],
        [0x00, "98"],
        [0x80, "8062"],
      ],
      ["text[first]:a/61f09f", "sent pong:01", "text[middle]:/98", "text[final]:😀b/8062"],
      { options },
    ),
    ...refused(
      "delivered: a text that is cut short",
      [
        [0x01, "61f09f"],
        [0x80, "98"],
      ],
      1007,
      ["text[first]:a/61f09f"],
      { options },
    ),
    ...refused("delivered: a continuation first", [[0x80, "98"]], 1002, [], { options }),
  ];
}
