/**
 * What somebody says who has no keys, and answers no question: bytes that are the same each time. A client or a server
 * that hears them is to end with an error, or to wait for more.
 */

import { webcrypto } from "node:crypto";

import type { Extension } from "@peculiar/x509";

import {
  altNames,
  authority,
  basic,
  der,
  leaf,
  type Made,
  nameConstraints,
  purpose,
  unknownCritical,
  usage,
} from "./making.js";

export interface FlightCase {
  readonly title: string;
  /** Who hears it. */
  readonly role: "client" | "server";
  readonly bytes: Uint8Array;
  /** "waiting": what has come is no mistake yet. */
  readonly expected: "failed" | "waiting";
  /** The highest versions of TLS 1 of who hears it. */
  readonly versions: readonly number[];
}

type Part = readonly [value: number, count: number] | Uint8Array;

/** Numbers of one, two or three bytes, and bytes, behind one another. */
export function bytesOf(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const number = Buffer.alloc(part[1]);
      number.writeUIntBE(part[0], 0, part[1]);
      return number;
    }),
  );
}

const tls10 = 0x0301;
const tls11 = 0x0302;
const tls12 = 0x0303;
const kind = { change: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24 } as const;

export function record(type: number, body: Uint8Array, version = tls12): Buffer {
  return bytesOf([type, 1], [version, 2], [body.length, 2], body);
}

/** Records of `size` bytes each. */
function split(body: Uint8Array, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) records.push(record(kind.handshake, body.subarray(at, at + size)));
  return Buffer.concat(records);
}

/** A message of the handshake, without a record around it. */
function message(type: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  return bytesOf([type, 1], [body.length, 3], body);
}

/** Messages in as few records as hold them. */
const handshake = (...messages: readonly Uint8Array[]): Buffer => split(Buffer.concat(messages), 16_384);
const prefixed = (count: number, ...parts: readonly Part[]): Buffer => {
  const body = bytesOf(...parts);
  return bytesOf([body.length, count], body);
};
const extension = (type: number, body: Uint8Array): Buffer => bytesOf([type, 2], prefixed(2, body));

/** Messages, each in records of `size` bytes. */
const messagesIn = (size: number, ...messages: readonly Uint8Array[]): Buffer =>
  Buffer.concat(messages.map((each) => split(each, size)));

/** The base point of P-256, uncompressed. */
const point = Buffer.from(
  "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  "hex",
);
const ecdheEcdsaAes128Gcm = 0xc02b;
const change = record(kind.change, Buffer.from([1]));
const finished = message(20, Buffer.alloc(12, 7));
const data = record(kind.data, Buffer.from("not secret"));
const alert = (level: number, description: number): Buffer => record(kind.alert, Buffer.from([level, description]));
const times = (count: number, bytes: Uint8Array): Buffer => Buffer.concat(Array<Uint8Array>(count).fill(bytes));

/** Bytes that look random, and are the same each time: xorshift32. */
export function noise(count: number, seed: number): Buffer {
  let state = seed * 2_654_435_761 || 1;
  return Buffer.from(
    Array.from({ length: count }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 255;
    }),
  );
}

const certificates = (...list: readonly Uint8Array[]): Buffer =>
  message(11, prefixed(3, ...list.map((certificate) => prefixed(3, certificate))));

/** Keys that nobody has: only their sizes matter. */
function keysOf(modulusBytes: number, exponent: Uint8Array): Promise<webcrypto.CryptoKey> {
  const modulus = Buffer.from(noise(modulusBytes, 9));
  modulus[0] = 0xc1;
  modulus[modulusBytes - 1] = (modulus[modulusBytes - 1] ?? 0) | 1;
  const key = der(0x30, der(0x02, Buffer.of(0), modulus), der(0x02, exponent));
  const rsa = der(0x30, Buffer.from("06092a864886f70d0101010500", "hex"));
  const spki = der(0x30, rsa, der(0x03, Buffer.of(0), key));
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return webcrypto.subtle.importKey("spki", Uint8Array.from(spki), algorithm, true, ["verify"]);
}

/** A certificate that is right but for its key. */
async function bigLeaf(root: Made, modulusBytes: number, exponent: Uint8Array): Promise<Made> {
  const publicKey = await keysOf(modulusBytes, exponent);
  // Its own private key signs nothing.
  return leaf(root, { keys: { publicKey, privateKey: root.keys.privateKey } });
}

const f4 = Buffer.from([1, 0, 1]);

async function bigKeys(root: Made): Promise<(readonly [title: string, certificates: Buffer])[]> {
  const sizes = [513, 1_024, 2_048];
  const leaves = await Promise.all(sizes.map((size) => bigLeaf(root, size, f4)));
  const long = await bigLeaf(root, 256, Buffer.concat([Buffer.of(0x7f), noise(255, 5)]));
  const publicKey = await keysOf(2_048, f4);
  const between = await authority("between", root, { keys: { publicKey, privateKey: root.keys.privateKey } });
  const under = await leaf(between);
  const more = async (...extensions: readonly Extension[]): Promise<Buffer> =>
    certificates((await leaf(root, { extensions: [basic(false), ...extensions] })).der);
  const limited = await authority("limited", root, {
    extensions: [basic(true), nameConstraints(true, "excluded", "localhost")],
  });
  return [
    ...leaves.map((made, at) => [`a key of RSA ${(sizes[at] ?? 0) * 8} bits`, certificates(made.der)] as const),
    ["an exponent of 2,047 bits", certificates(long.der)],
    ["an authority between of RSA 16,384 bits", certificates(under.der, between.der)],
    ["a critical extension that nobody knows", await more(altNames([2, "localhost"]), unknownCritical)],
    ["an address of five bytes", await more(altNames([7, [127, 0, 0, 1, 0]]))],
    ["only for code", await more(altNames([2, "localhost"]), purpose("code"))],
    ["only to sign certificates", await more(altNames([2, "localhost"]), usage("sign certificates"))],
    ["critical name constraints", certificates((await leaf(limited)).der, limited.der)],
    ["60 certificates", certificates(...Array<Uint8Array>(60).fill(root.der))],
    ["no certificate", certificates()],
    ["a certificate of no bytes", certificates(Buffer.alloc(0))],
    ["a certificate of noise", certificates(noise(700, 3))],
    ["certificates that are shorter than they say", message(11, bytesOf([9_000, 3], root.der))],
    ["a certificate that is longer than it says", certificates(root.der.subarray(0, 99))],
  ];
}

function serverHello(
  version = tls12,
  random: Uint8Array = Buffer.alloc(32, 7),
  extensions: Uint8Array = Buffer.alloc(0),
): Buffer {
  const tail = extensions.length === 0 ? extensions : prefixed(2, extensions);
  return message(2, bytesOf([version, 2], random, [0, 1], [ecdheEcdsaAes128Gcm, 2], [0, 1], tail));
}

const keyExchange = (signature: Uint8Array): Buffer =>
  message(12, bytesOf([3, 1], [23, 2], [point.length, 1], point, signature));
/** An ECDSA signature whose two numbers are 0, with its algorithms. */
const zeroSignature = Buffer.from("040300083006020100020100", "hex");
const done = message(14);

/** A ServerHello of TLS 1.3: supported_versions, and a share of P-256. */
function serverHello13(random: Buffer, share: Buffer): Buffer {
  const versions = extension(43, Buffer.from([3, 4]));
  const body = bytesOf([tls12, 2], random, [0, 1], [0x1301, 2], [0, 1], prefixed(2, versions, extension(51, share)));
  return message(2, body);
}

/** RFC 8446, 4.1.3 */
const helloRetry = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");
const share = bytesOf([23, 2], prefixed(2, point));

type Flight = readonly [
  title: string,
  bytes: Uint8Array,
  expected?: FlightCase["expected"],
  versions?: readonly number[],
];

async function toClient(root: Made, own: Made): Promise<Flight[]> {
  const hello = serverHello();
  const shown = certificates(own.der, root.der);
  const until = (...messages: readonly Uint8Array[]): Buffer => handshake(hello, ...messages);
  const whole = Buffer.concat([hello, shown, keyExchange(zeroSignature), done]);
  const downgraded = Buffer.concat([Buffer.alloc(24, 7), Buffer.from("DOWNGRD\x01", "latin1")]);
  const hello13 = serverHello13(Buffer.alloc(32, 7), share);
  return [
    ["s = 0 in ServerKeyExchange", handshake(whole)],
    ["s = 0, in records of one byte", split(whole, 1)],
    ["a signature of no bytes", until(shown, keyExchange(Buffer.alloc(4)), done)],
    [
      "a point that is on no curve",
      until(shown, message(12, bytesOf([3, 1], [23, 2], [65, 1], noise(65, 2), zeroSignature))),
    ],
    [
      "a curve that nobody asked for",
      until(shown, message(12, bytesOf([3, 1], [0xfe0d, 2], [65, 1], point, zeroSignature))),
    ],
    ...(await bigKeys(root)).map(([title, list]): Flight => [title, until(list, keyExchange(zeroSignature), done)]),
    ["ServerHello alone", until(), "waiting"],
    ["ServerHello and Certificate in records of four bytes", messagesIn(4, hello, shown), "waiting"],
    // mbedTLS wants a message's first four bytes, its head, in one record.
    ["ServerHello and Certificate in records of one byte", messagesIn(1, hello, shown)],
    ["half a record", until(shown).subarray(0, 200), "waiting"],
    ["Certificate before ServerHello", handshake(shown, hello)],
    ["ServerHello twice", handshake(hello, hello)],
    ["no Certificate", until(keyExchange(zeroSignature), done)],
    ["no ServerKeyExchange", until(shown, done)],
    ["ServerHelloDone at once", until(done)],
    ["Certificate twice", until(shown, shown, done)],
    ["a ticket in its place", until(message(4, Buffer.alloc(6)))],
    ["Finished at once", handshake(hello, finished)],
    ["ChangeCipherSpec first", Buffer.concat([change, until(shown), data])],
    ["ChangeCipherSpec behind ServerHello", Buffer.concat([until(), change, handshake(finished)])],
    ["ChangeCipherSpec of two bytes", Buffer.concat([until(), record(kind.change, Buffer.from([1, 1]))])],
    ["Finished without ChangeCipherSpec", Buffer.concat([handshake(whole), handshake(finished)])],
    ["data before keys", data],
    ["data within the handshake", Buffer.concat([until(), data])],
    ["data behind ChangeCipherSpec", Buffer.concat([until(shown), change, data])],
    ["HelloRequest a thousand times", Buffer.concat([times(1_000, handshake(message(0))), handshake(hello, done)])],
    ["a warning a thousand times", Buffer.concat([times(1_000, alert(1, 90)), handshake(hello, done)])],
    ["close_notify", alert(1, 0)],
    ["handshake_failure", alert(2, 40)],
    ["alerts of no level", Buffer.concat([times(1_000, alert(7, 1)), data])],
    ["an alert of one byte", record(kind.alert, Buffer.from([2]))],
    ["empty records a thousand times", Buffer.concat([times(1_000, record(kind.handshake, Buffer.alloc(0))), data])],
    ["a heartbeat", record(kind.heartbeat, Buffer.from([1, 0x40, 0]))],
    ["a record of no type", record(99, Buffer.alloc(9))],
    ["a record that is too long", record(kind.handshake, Buffer.alloc(0x4801))],
    ["a record of 65,535 bytes", bytesOf([22, 1], [tls12, 2], [65_535, 2], Buffer.alloc(40))],
    ["the beginning of a message of 16 MiB", handshake(bytesOf([2, 1], [0xffffff, 3], Buffer.alloc(40))), "waiting"],
    ["a message of 16 MiB", handshake(bytesOf([2, 1], [0xffffff, 3], Buffer.alloc(40_000)))],
    ["a ServerHello that ends early", handshake(message(2, hello.subarray(4, 30)))],
    ["SSL 3.0", handshake(serverHello(0x0300))],
    ["TLS 1.0", handshake(serverHello(tls10))],
    ["TLS 1.1", handshake(serverHello(tls11))],
    ["a version of the future", handshake(serverHello(0x0305))],
    [
      // RFC 8446, 4.1.3
      "TLS 1.2 of a server that knows 1.3",
      Buffer.concat([handshake(serverHello(tls12, downgraded)), handshake(shown)]),
      "failed",
      [3],
    ],
    [
      "an extension that nobody asked for",
      handshake(serverHello(tls12, Buffer.alloc(32), extension(0xff77, Buffer.alloc(4))), done),
    ],
    ["TLS 1.3, then no encryption", Buffer.concat([handshake(hello13), handshake(message(8, Buffer.alloc(2)))])],
    ["TLS 1.3, then noise", Buffer.concat([handshake(hello13), record(kind.data, noise(300, 8))])],
    ["TLS 1.3, ChangeCipherSpec a thousand times", Buffer.concat([handshake(hello13), times(1_000, change), data])],
    [
      "TLS 1.3, HelloRetryRequest for the same group",
      times(3, handshake(serverHello13(helloRetry, Buffer.from([0, 23])))),
    ],
    ["TLS 1.3, HelloRetryRequest for no group", handshake(serverHello13(helloRetry, Buffer.from([0xfe, 1])))],
    [
      "TLS 1.3, a share that is no point",
      Buffer.concat([handshake(serverHello13(Buffer.alloc(32, 7), bytesOf([23, 2], prefixed(2, noise(65, 4))))), data]),
    ],
  ];
}

interface Hello {
  readonly version?: number;
  readonly suites?: readonly number[];
  readonly extensions?: readonly Uint8Array[];
}

const groups = extension(10, prefixed(2, [23, 2]));
const formats = extension(11, prefixed(1, [0, 1]));
const algorithms = extension(13, prefixed(2, [0x0403, 2], [0x0804, 2]));
const usual: readonly Uint8Array[] = [groups, formats, algorithms];

function clientHello({ version = tls12, suites = [ecdheEcdsaAes128Gcm], extensions = usual }: Hello = {}): Buffer {
  const list = prefixed(2, ...suites.map((suite) => [suite, 2] as const));
  return message(
    1,
    bytesOf([version, 2], Buffer.alloc(32, 9), [0, 1], list, [1, 1], [0, 1], prefixed(2, ...extensions)),
  );
}

const clientKey = message(16, prefixed(1, point));
const sni = (name: Uint8Array): Buffer => extension(0, prefixed(2, [0, 1], prefixed(2, name)));

async function toServer(root: Made, own: Made): Promise<Flight[]> {
  const hello = clientHello();
  const shown = certificates(own.der);
  const withMore = (...more: readonly Uint8Array[]): Buffer =>
    handshake(clientHello({ extensions: [...usual, ...more] }));
  const verify = message(15, zeroSignature);
  return [
    ["half a ClientHello", handshake(hello).subarray(0, 40), "waiting"],
    ["a ClientHello", handshake(hello), "waiting"],
    ["a ClientHello in records of four bytes", split(hello, 4), "waiting"],
    ["a ClientHello in records of one byte", split(hello, 1)],
    ["a ClientHello with a name that nobody has", withMore(sni(Buffer.from("nobody.example"))), "waiting"],
    ["ClientHello twice", Buffer.concat([handshake(hello), handshake(hello)])],
    ["ClientKeyExchange at once", handshake(clientKey)],
    ["no certificate", Buffer.concat([handshake(hello), handshake(clientKey), change, handshake(finished)])],
    [
      "CertificateVerify with s = 0",
      Buffer.concat([handshake(hello), handshake(shown, clientKey, verify), change, data]),
    ],
    [
      "no CertificateVerify",
      Buffer.concat([handshake(hello), handshake(shown, clientKey), change, handshake(finished)]),
    ],
    ["ChangeCipherSpec at once", Buffer.concat([change, handshake(hello), data])],
    [
      "ChangeCipherSpec before ClientKeyExchange",
      Buffer.concat([handshake(hello), handshake(shown), change, handshake(finished)]),
    ],
    ["Finished without ChangeCipherSpec", Buffer.concat([handshake(hello), handshake(shown, clientKey, finished)])],
    ["data before keys", Buffer.concat([handshake(hello), data])],
    ["data at once", data],
    [
      "a point that is on no curve",
      Buffer.concat([handshake(hello), handshake(shown, message(16, prefixed(1, noise(65, 6))))]),
    ],
    [
      "a point at infinity",
      Buffer.concat([handshake(hello), handshake(shown, message(16, prefixed(1, Buffer.of(0))))]),
    ],
    ...(await bigKeys(root)).map(([title, list]): Flight => [
      title,
      Buffer.concat([handshake(hello), handshake(list, clientKey, verify), change, data]),
    ]),
    [
      "SSL 2.0",
      Buffer.from("802e0100020015000000100100800200800300800400800500800600400700c0" + "00".repeat(20), "hex"),
    ],
    ["SSL 3.0", handshake(clientHello({ version: 0x0300 }))],
    ["TLS 1.0", handshake(clientHello({ version: tls10 }))],
    ["TLS 1.1", handshake(clientHello({ version: tls11 }))],
    ["no cipher suite in common", handshake(clientHello({ suites: [0x0005, 0x002f, 0x1399] }))],
    ["no cipher suite at all", handshake(clientHello({ suites: [] }))],
    // RFC 7507 is left to RFC 8446, 4.1.3.
    ["a fallback from TLS 1.3", handshake(clientHello({ suites: [ecdheEcdsaAes128Gcm, 0x5600] })), "waiting"],
    [
      "no group in common",
      handshake(clientHello({ extensions: [extension(10, prefixed(2, [0xfe01, 2])), formats, algorithms] })),
    ],
    [
      "an odd list of groups",
      handshake(clientHello({ extensions: [extension(10, prefixed(2, [1, 1])), formats, algorithms] })),
    ],
    ["a name that is longer than it says", withMore(extension(0, prefixed(2, [0, 1], [9, 2], Buffer.alloc(3))))],
    // Of a server that knows no protocols.
    ["protocols of ALPN of no length", withMore(extension(16, prefixed(2, [0, 1]))), "waiting"],
    ["an extension that is longer than it says", handshake(clientHello({ extensions: [bytesOf([10, 2], [900, 2])] }))],
    ["the beginning of a message of 16 MiB", handshake(bytesOf([1, 1], [0xffffff, 3], Buffer.alloc(40))), "waiting"],
    ["a message of 16 MiB", handshake(bytesOf([1, 1], [0xffffff, 3], Buffer.alloc(40_000)))],
    ["a message of 16 KiB in records of a byte", split(bytesOf([1, 1], [0x4000, 3], Buffer.alloc(0x4000)), 1)],
    ["a record of 65,535 bytes", bytesOf([22, 1], [tls12, 2], [65_535, 2], Buffer.alloc(40))],
    ["empty records a thousand times", Buffer.concat([times(1_000, record(kind.handshake, Buffer.alloc(0))), data])],
    ["a heartbeat", Buffer.concat([handshake(hello), record(kind.heartbeat, Buffer.from([1, 0x40, 0]))])],
    ["a warning a thousand times", Buffer.concat([times(1_000, alert(1, 90)), data])],
    ["close_notify", alert(1, 0)],
    ["an alert that is fatal", alert(2, 40)],
  ];
}

/** Noise for either, and what other protocols say. */
const anything: readonly Flight[] = [
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
  ["zeros", Buffer.alloc(2_000)],
  ...Array.from({ length: 12 }, (_, at) => [`noise ${at}`, noise(3_000, at + 1)] as const),
  ...Array.from({ length: 12 }, (_, at) => [`noise ${at} in records`, split(noise(40_000, at + 1), 997)] as const),
];

/** All cases. @param root whom both sides trust; @param own a certificate of it */
export async function flightCases(root: Made, own: Made): Promise<FlightCase[]> {
  const cases = (role: FlightCase["role"], flights: readonly Flight[]): FlightCase[] =>
    flights.map(([title, bytes, expected = "failed", versions = [2, 3]]) => ({
      title,
      role,
      bytes,
      expected,
      versions,
    }));
  return [
    ...cases("client", [...(await toClient(root, own)), ...anything]),
    ...cases("server", [...(await toServer(root, own)), ...anything]),
  ];
}
