/** Chains of certificates that a peer shows, and what is to become of the connection, in either role. */

import type { Extension } from "@peculiar/x509";

import {
  altNames,
  authority,
  basic,
  type GeneralName,
  leaf,
  type Made,
  type Making,
  make,
  nameConstraints,
  newKeys,
  purpose,
  spoilt,
  unknownCritical,
  usage,
} from "./making.js";

/** How a connection ends: it is open, or has failed with one of these codes, or a peer that knows better has not shown it. */
export type Outcome =
  "open" | "unshown" | "ETLSUNTRUSTED" | "ETLSHOSTNAME" | "ETLSEXPIRED" | "ETLSFAILED" | "ETLSVERSION";

/** What a peer shows, its own certificate first, and has the key of. */
export interface ChainCase {
  readonly title: string;
  readonly chain: readonly Made[];
  /** Whom the other side trusts. */
  readonly authorities: readonly Made[];
  /** Whom a client expects. */
  readonly name: string;
  readonly expected: readonly Outcome[];
  /** A client's certificate has no host name: cases about it are for clients only. */
  readonly isForServer: boolean;
}

const open = ["open"] as const;
const untrusted = ["ETLSUNTRUSTED"] as const;
const expired = ["ETLSEXPIRED"] as const;
/** What mbedTLS does not even read, nor show: see also flights.ts. */
const unread = ["ETLSUNTRUSTED", "ETLSFAILED", "unshown"] as const;
/** What a server by mbedTLS does not show. */
const unusable = ["ETLSUNTRUSTED", "unshown"] as const;

const loopback4 = [127, 0, 0, 1];
const loopback6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1];

/** RFC 6125, 6: what a certificate is for, whom a client expects, whether that is the same. */
const names: readonly (readonly [names: readonly GeneralName[], expected: string, isFor: boolean])[] = [
  [[[2, "a.example"]], "a.example", true],
  [[[2, "A.EXAMPLE"]], "a.example", true],
  [[[2, "a.example"]], "A.Example", true],
  [[[2, "a.example"]], "a.example.", true],
  [
    [
      [2, "b.example"],
      [2, "a.example"],
    ],
    "a.example",
    true,
  ],
  [
    [...Array.from({ length: 200 }, (_, at): GeneralName => [2, `n${at}.example`]), [2, "a.example"]],
    "a.example",
    true,
  ],
  [[[2, "a_b.example"]], "a_b.example", true],
  [[[2, "*.example.com"]], "a.example.com", true],
  [[[2, "*.xn--caf-dma.example"]], "a.xn--caf-dma.example", true],
  [[[7, loopback4]], "127.0.0.1", true],
  [[[7, loopback6]], "::1", true],
  [[[7, loopback6]], "0:0:0:0:0:0:0:1", true],
  [[[2, "*.example.com"]], "a.b.example.com", false],
  [[[2, "*.example.com"]], "example.com", false],
  [[[2, "*.com"]], "a.com", false],
  [[[2, "*"]], "localhost", false],
  [[[2, "*."]], "localhost", false],
  [[[2, "a*.example.com"]], "ab.example.com", false],
  [[[2, "*a.example.com"]], "ba.example.com", false],
  [[[2, "a.*.com"]], "a.b.com", false],
  [[[2, "*.*.example"]], "a.b.example", false],
  [[[2, "xn--*.example"]], "xn--a.example", false],
  [[[2, "a.example\0.evil.example"]], "a.example", false],
  [[[2, "evil.example\0a.example"]], "a.example", false],
  [[[2, "a.example.evil"]], "a.example", false],
  [[[2, " a.example"]], "a.example", false],
  [[[2, ""]], "a.example", false],
  [[], "a.example", false],
  [[[1, "a.example"]], "a.example", false],
  [[[6, "https://a.example/"]], "a.example", false],
  [[[2, "127.0.0.1"]], "127.0.0.1", false],
  [[[2, "*.0.0.1"]], "127.0.0.1", false],
  [[[7, mapped]], "127.0.0.1", false],
  [[[7, [127, 0, 0, 1, 0]]], "127.0.0.1", false],
  [[[7, [127, 0, 0, 2]]], "127.0.0.1", false],
];

async function nameCases(root: Made): Promise<ChainCase[]> {
  const keys = await newKeys();
  const cases = names.map(async ([alt, name, isFor]): Promise<ChainCase> => {
    // Nobody looks at the common name.
    const extensions = [basic(false), purpose("server"), ...(alt.length === 0 ? [] : [altNames(...alt)])];
    const shown = alt.slice(-2).map(([kind, value]) => `${kind}:${String(value)}`);
    return {
      title: `names ${JSON.stringify(shown.join(" "))}, expected ${name}`,
      chain: [await make({ name: "a.example", issuer: root, keys, extensions })],
      authorities: [root],
      name,
      expected: isFor
        ? open
        : alt.some(([kind, value]) => kind === 7 && value.length % 4 !== 0)
          ? unread
          : ["ETLSHOSTNAME"],
      isForServer: false,
    };
  });
  return Promise.all(cases);
}

type Row = readonly [
  title: string,
  chain: readonly Made[],
  expected: readonly Outcome[],
  authorities?: readonly Made[],
];

/** A chain of `count` certificates that has to be followed in whole. */
async function longChain(root: Made, count: number): Promise<Made[]> {
  let issuer = root;
  const between: Made[] = [];
  for (let at = 1; at < count; at += 1) between.unshift((issuer = await authority(`between ${at}`, issuer)));
  return [await leaf(issuer), ...between];
}

/** Eight certificates are looked at, no more. */
async function lengthRows(root: Made): Promise<Row[]> {
  const own = await leaf(root);
  const others = await Promise.all(Array.from({ length: 8 }, (_, at) => authority(`nobody's ${at}`)));
  const filled = (count: number): Made[] => [
    own,
    ...Array.from({ length: count - 1 }, (_, at) => others[at % others.length] ?? own),
  ];
  const rows: Row[] = [];
  for (const count of [1, 2, 3, 5, 7, 8, 9, 10, 12]) {
    rows.push([`${count} certificates, all needed`, await longChain(root, count), count <= 8 ? open : untrusted]);
  }
  for (const count of [2, 8, 9, 20, 40]) {
    rows.push([`${count} certificates, one needed`, filled(count), count <= 8 ? open : untrusted]);
  }
  return rows;
}

async function constraintRows(root: Made): Promise<Row[]> {
  const below = async (more: Partial<Making>): Promise<readonly Made[]> => {
    const between = await authority("between", root, more);
    return [await leaf(between), between];
  };
  const signs = usage("sign certificates");
  const first = await authority("first", root, { extensions: [basic(true, 0), signs] });
  const second = await authority("second", first);
  const short = await authority("short root", undefined, { extensions: [basic(true, 0), signs] });
  const under = await authority("under it", short);
  const server = await leaf(root, { name: "a server" });
  return [
    ["an authority between", await below({}), open],
    ["an authority without key usage", await below({ extensions: [basic(true)] }), open],
    ["an authority without basic constraints", await below({ extensions: [signs] }), untrusted],
    ["an authority that is none", await below({ extensions: [basic(false), signs] }), untrusted],
    [
      "an authority that may sign lists only",
      await below({ extensions: [basic(true), usage("sign lists")] }),
      untrusted,
    ],
    ["a server as authority", [await leaf(server), server], untrusted],
    ["a path of the length that is allowed", [await leaf(first), first], open],
    ["a path that is too long", [await leaf(second), second, first], untrusted],
    ["a path that is too long for the trusted authority", [await leaf(under), under], untrusted, [short]],
    [
      "name constraints, critical",
      await below({ extensions: [basic(true), signs, nameConstraints(true, "permitted", "a.example")] }),
      unread,
    ],
    [
      "name constraints, permitted",
      await below({ extensions: [basic(true), signs, nameConstraints(false, "permitted", "a.example")] }),
      untrusted,
    ],
    [
      "name constraints, excluded",
      await below({ extensions: [basic(true), signs, nameConstraints(false, "excluded", "localhost")] }),
      untrusted,
    ],
    ["an authority for code", await below({ extensions: [basic(true), signs, purpose("code")] }), untrusted],
    ["an authority for everything", await below({ extensions: [basic(true), signs, purpose("any")] }), open],
    [
      "a critical extension that nobody knows",
      await below({ extensions: [basic(true), signs, unknownCritical] }),
      unread,
    ],
  ];
}

async function leafRows(root: Made): Promise<Row[]> {
  const alt = altNames([2, "localhost"]);
  const own = (...extensions: readonly Extension[]): Promise<Made> => leaf(root, { extensions: [alt, ...extensions] });
  const self = await leaf(undefined);
  return [
    ["no extended key usage", [await own(basic(false))], open],
    ["any extended key usage", [await own(basic(false), purpose("any"))], open],
    ["for code", [await own(basic(false), purpose("code"))], unusable],
    ["to sign certificates only", [await own(basic(false), usage("sign certificates"))], unusable],
    ["to sign", [await own(basic(false), usage("sign"))], open],
    ["a critical extension of its own", [await own(basic(false), unknownCritical)], unread],
    ["signed by itself", [self], untrusted],
    ["signed by itself, and trusted", [self], open, [self]],
    ["a digest of SHA-1", [await leaf(root, { hash: "SHA-1" })], untrusted],
    ["another byte in the signature", [spoilt(await leaf(root))], untrusted],
    ...(await Promise.all(
      [1_024, 2_048, 3_072, 4_096].map(async (bits): Promise<Row> => [
        `RSA of ${bits} bits`,
        [await leaf(root, { keys: await newKeys(bits) })],
        bits < 2_048 ? untrusted : open,
      ]),
    )),
  ];
}

async function authorityRows(root: Made): Promise<Row[]> {
  const evil = await authority(root.name);
  const between = await authority("between", root);
  const evilBetween = await authority("between", evil);
  const own = await leaf(between);
  // One key, certified by two: whom the other side trusts is found behind either.
  const crossed = await make({
    name: "between",
    issuer: evil,
    keys: between.keys,
    extensions: [basic(true), usage("sign certificates")],
  });
  const weak = await authority("weak", undefined, { keys: await newKeys(1_024) });
  const [one, other] = await Promise.all([authority("one"), authority("other")]);
  const extensions = [basic(true), usage("sign certificates")];
  const oneByOther = await make({ name: "one", issuer: other, keys: one.keys, extensions });
  const otherByOne = await make({ name: "other", issuer: one, keys: other.keys, extensions });
  const lost = await leaf(one);
  return [
    ["an authority of the same name", [await leaf(evil)], untrusted],
    ["an authority of the same name, which it shows", [await leaf(evil), evil], untrusted],
    ["an authority between of the same name", [await leaf(evilBetween), between], untrusted],
    ["a leaf of somebody else's with a chain that is right", [await leaf(evil), between, root], untrusted],
    ["an authority of RSA 1,024 bits", [await leaf(weak)], untrusted, [weak]],
    [
      "none of many authorities",
      [await leaf(evil)],
      untrusted,
      await Promise.all(Array.from({ length: 12 }, () => authority(root.name))),
    ],
    ["in order, with the authority", [own, between, root], open],
    ["out of order", [own, root, between], open],
    ["doubled", [own, between, between, root, root], open],
    ["its own twice", [own, own, between], open],
    ["crossed, the trusted one first", [own, between, crossed, evil], open],
    // mbedTLS follows the first, which is no danger.
    ["crossed, the trusted one last", [own, crossed, evil, between], untrusted],
    ["in circles", [lost, oneByOther, otherByOne], untrusted],
    ["in circles, doubled", [lost, oneByOther, otherByOne, oneByOther, otherByOne], untrusted],
  ];
}

async function timeRows(root: Made): Promise<Row[]> {
  const past = { from: -30, to: -1 };
  const future = { from: 1, to: 30 };
  const rows: Row[] = [];
  for (const [word, time] of [
    ["expired", past],
    ["not yet valid", future],
  ] as const) {
    const between = await authority("between", root, time);
    const oldRoot = await authority(`old ${word}`, undefined, time);
    rows.push([`${word}: its own`, [await leaf(root, time)], expired]);
    rows.push([`${word}: the authority between`, [await leaf(between), between], expired]);
    rows.push([`${word}: the trusted authority`, [await leaf(oldRoot)], expired, [oldRoot]]);
    rows.push([`${word}, and of nobody`, [await leaf(undefined, time)], untrusted]);
  }
  return rows;
}

/** All cases. */
export async function chainCases(): Promise<ChainCase[]> {
  const root = await authority("an authority");
  const rows = [
    ...(await constraintRows(root)),
    ...(await leafRows(root)),
    ...(await authorityRows(root)),
    ...(await timeRows(root)),
    ...(await lengthRows(root)),
  ];
  const cases = rows.map(([title, chain, expected, authorities = [root]]): ChainCase => {
    // A client's certificate has to have an authority.
    const isForServer = chain[0] !== authorities[0];
    return { title, chain, authorities, expected, name: "localhost", isForServer };
  });
  return [...(await nameCases(root)), ...cases];
}
