/** What is offered, agreed to, declined and refused of permessage-deflate (RFC 7692, 5 and 7.1), with it and without. */

import { asciiOf } from "../../support/vectors.js";
import { type Case, get, send, type Step } from "../case.js";
import type { Profile } from "../profiles.js";
import { answer } from "./clienthandshake.js";
import { compressionOf, exchange, type Parameters, text } from "./deflate.js";
import { request } from "./serverhandshake.js";

const P = "permessage-deflate";
const FIELD = "Sec-WebSocket-Extensions";
const REPEATED = "repeated ".repeat(40);

const CLOSE: readonly Step[] = [send([0x88, "03e8"]), ...get([0x88, "03e8"]), { do: "ended" }];
const TALK: readonly Step[] = [...[1, 2].flatMap(() => exchange(text(REPEATED), 0, { isCompressed: true })), ...CLOSE];
/** Without an agreement nothing is compressed, and what is, is refused. */
const PLAIN_TALK: readonly Step[] = [
  send([0x81, asciiOf(REPEATED)]),
  ...get([0x81, asciiOf(REPEATED)]),
  ...[send([0xc1, "f248cdc9c90700"])],
  { do: "fail", status: 1002 },
  { do: "ended" },
];

function served(
  group: string,
  offer: string,
  field: string | undefined,
  profile: Profile,
  steps: readonly Step[],
): Case {
  return {
    ...{ group, name: `the offer ${offer}`, side: "server", profile, steps },
    handshake: {
      ...{ kind: "request", head: request({ [FIELD]: offer }), cut: "whole", status: 101 },
      fields: { [FIELD.toLowerCase()]: field },
    },
  };
}

/** To a server: an offer, the answer, and what it means. */
const OFFERS: readonly (readonly [offer: string, field: string, parameters?: Parameters])[] = [
  [P, P],
  [`${P}; client_max_window_bits`, P],
  [`${P};client_max_window_bits`, P],
  [`\t${P} ;\tclient_max_window_bits \t`, P],
  [`x; a=1; b="c", ${P}`, P],
  [`, ,${P},`, P],
  [`${P}, ${P}; server_no_context_takeover`, P],
  [`${P}; unknown, ${P}; server_no_context_takeover`, `${P}; server_no_context_takeover`, { isServerForgetful: true }],
  [`${P}; server_max_window_bits=16, ${P}`, P],
  [`${P}; server_max_window_bits="10"`, `${P}; server_max_window_bits=10`, { serverBits: 10 }],
  [`${P}; client_max_window_bits="8"`, `${P}; client_max_window_bits=8`, { clientBits: 8 }],
  [`${P}\r\n${FIELD}: x`, P],
  [`x\r\n${FIELD}: ${P}; client_no_context_takeover`, `${P}; client_no_context_takeover`, { isClientForgetful: true }],
];

/** RFC 7692, 7.1: what a server declines: it goes on without. */
const DECLINED = [
  ...["", "x-webkit-deflate-frame", "Permessage-Deflate", `x-${P}`, `${P}-2`],
  ...["unknown", "server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16"].map(
    (parameter) => `${P}; ${parameter}`,
  ),
  ...["server_max_window_bits=08", "server_max_window_bits=1e1", "server_max_window_bits=-9"].map(
    (parameter) => `${P}; ${parameter}`,
  ),
  ...["client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=0"].map(
    (parameter) => `${P}; ${parameter}`,
  ),
  ...["server_no_context_takeover=true", "client_no_context_takeover=1"].map((parameter) => `${P}; ${parameter}`),
  `${P}; server_no_context_takeover; server_no_context_takeover`,
  `${P}; client_no_context_takeover; client_no_context_takeover`,
  `${P}; client_max_window_bits; client_max_window_bits=9`,
  `${P}; server_max_window_bits=9; server_max_window_bits=9`,
];

/** RFC 6455, 9.1: what is no list of extensions. */
const MALFORMED = [
  `${P};`,
  `${P}; =9`,
  `${P}; server_max_window_bits=`,
  `${P}; server_max_window_bits="10`,
  `${P} x`,
  "@",
  `${P}; a="b c"`,
];

function servers(): Case[] {
  const group = "permessage-deflate: negotiation";
  return [
    ...OFFERS.map(([offer, field, parameters = {}]) => ({
      ...served(group, offer, field, "deflate", TALK),
      compression: compressionOf("server", parameters),
    })),
    ...DECLINED.map((offer) => served(group, offer, undefined, "deflate", PLAIN_TALK)),
    // RFC 7692, 7.1.2.2: this server wants client_max_window_bits, which is not offered.
    served(group, P, undefined, "deflateStrict", PLAIN_TALK),
    ...MALFORMED.map((offer): Case => ({
      ...{ group, name: `the offer ${offer}`, side: "server", profile: "deflate", steps: [{ do: "ended" }] },
      handshake: { kind: "request", head: request({ [FIELD]: offer }), cut: "whole", status: 400 },
    })),
    served("permessage-deflate: declined", P, undefined, "echo", PLAIN_TALK),
    ...[
      ...[`${P}; client_max_window_bits`, `${P}; server_max_window_bits=8`, `${P}, ${P}; client_max_window_bits`],
      ...["x-webkit-deflate-frame", `${P}; unknown`, `${P}; server_no_context_takeover; client_no_context_takeover`],
    ].map((offer) => served("permessage-deflate: declined", offer, undefined, "echo", PLAIN_TALK)),
  ];
}

/** To a client, in the profile `deflate` unless said: an answer, and what it means. */
const ANSWERS: readonly (readonly [field: string, parameters?: Parameters])[] = [
  [P],
  [`\t${P}\t`],
  [`${P}; server_max_window_bits="9"`, { serverBits: 9 }],
  [
    `${P};client_no_context_takeover ; server_no_context_takeover`,
    { isServerForgetful: true, isClientForgetful: true },
  ],
  [`${P}; client_max_window_bits=8; server_max_window_bits=8`, { serverBits: 8, clientBits: 8 }],
];

/** RFC 7692, 7.1 and RFC 6455, 9.1: what makes a client fail the connection. */
const REFUSED = [
  ...["x", `${P}, ${P}`, `${P}, x`, "@", `${P};`, `${P} x`, "Permessage-Deflate"],
  ...["client_max_window_bits", "client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=010"],
  ...["server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16", "unknown", "unknown=1"],
  ...["server_no_context_takeover=1", "client_no_context_takeover=true"],
  "server_no_context_takeover; server_no_context_takeover",
  "server_max_window_bits=9; server_max_window_bits=9",
].map((part) => (/^[a-z]+_|^unknown/.test(part) ? `${P}; ${part}` : part));

/** What the profile `deflateStrict` has offered, and an answer does not agree to. */
const NOT_STRICT = [
  P,
  `${P}; server_no_context_takeover`,
  `${P}; server_max_window_bits=10`,
  `${P}; server_no_context_takeover; server_max_window_bits=11`,
  `${P}; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=10`,
];

function answered(group: string, field: string, profile: Profile, steps: readonly Step[], outcome: string): Case {
  return {
    ...{ group, name: `the answer ${field}`, side: "client", profile, steps, outcome },
    handshake: { kind: "answer", head: answer({ [FIELD]: field }), cut: "whole" },
  };
}

function clients(): Case[] {
  const group = "permessage-deflate: negotiation";
  const refused = (field: string, profile: Profile, of = group): Case =>
    answered(of, field, profile, [{ do: "ended" }], "1006 unclean ERR_HANDSHAKE 101");
  const strict = `${P}; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8`;
  const declined = "permessage-deflate: declined";
  return [
    ...ANSWERS.map(([field, parameters = {}]) => ({
      ...answered(group, field, "deflate", TALK, "1000 clean none"),
      compression: compressionOf("client", parameters),
    })),
    {
      ...answered(group, strict, "deflateStrict", TALK, "1000 clean none"),
      compression: compressionOf("client", { isServerForgetful: true, serverBits: 9, clientBits: 8 }),
    },
    ...REFUSED.map((field) => refused(field, "deflate")),
    ...NOT_STRICT.map((field) => refused(field, "deflateStrict")),
    {
      ...answered(group, "", "deflate", PLAIN_TALK, "1002 unclean ERR_PROTOCOL"),
      ...{ name: "an answer without it", handshake: { kind: "proper" } },
    },
    ...[P, `${P}; server_no_context_takeover`, `${P}; client_max_window_bits=9`, `${P}, x`, `x, ${P}`].map((field) =>
      refused(field, "echo", declined),
    ),
    {
      ...answered(declined, "", "echo", PLAIN_TALK, "1002 unclean ERR_PROTOCOL"),
      ...{ name: "a compressed message that was not agreed on", handshake: { kind: "proper" } },
    },
  ];
}

export function deflateNegotiationCases(): Case[] {
  return [...servers(), ...clients()];
}
