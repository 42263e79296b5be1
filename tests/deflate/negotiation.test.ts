/** What is offered, agreed to and declined (RFC 7692, 5 and 7.1). */

import { createDeflate } from "../../hosts/node/deflate.js";
import type { DeflateExtension, PermessageDeflateOptions } from "../../hosts/deflatecontract.js";
import { ClientWebSocket } from "../../modules/client.js";
import { OptionError, ProtocolError } from "../../modules/common/errors.js";
import { CONNECTION_DEFAULTS } from "../../modules/common/options.js";
import { WebSocketServer } from "../../modules/server.js";

function extension(options: true | PermessageDeflateOptions = true): DeflateExtension {
  const created = createDeflate(options, CONNECTION_DEFAULTS, { OptionError, ProtocolError });
  if (created === undefined) throw new Error("none");
  return created;
}

/** The server's answer; undefined where it declines. */
function answer(offers: string, options?: PermessageDeflateOptions): string | undefined {
  const agreed = extension(options ?? true).agree(offers);
  return typeof agreed === "string" ? "invalid" : agreed?.parameters;
}

/** What the client makes of an answer: what is in use, or what is wrong. */
function accepted(text: string, options?: PermessageDeflateOptions): string {
  const agreed = extension(options ?? true).accept(text);
  return typeof agreed === "string" ? agreed : agreed.parameters;
}

const P = "permessage-deflate";

describe("a server", () => {
  const OFFERS: readonly (readonly [offers: string, answer: string | undefined, options?: PermessageDeflateOptions])[] =
    [
      [P, P],
      ["", undefined],
      ["x-webkit-deflate-frame", undefined],
      [`x; a=1; b="c", ${P}`, P],
      ["Permessage-Deflate", undefined],
      // What browsers offer.
      [`${P}; client_max_window_bits`, P],
      [`${P};client_max_window_bits`, P],
      [`\t${P} ;\tclient_max_window_bits \t`, P],
      [`${P}; client_max_window_bits`, `${P}; client_max_window_bits=10`, { clientMaxWindowBits: 10 }],
      [`${P}; client_max_window_bits=9`, `${P}; client_max_window_bits=9`, { clientMaxWindowBits: 10 }],
      [`${P}; client_max_window_bits=12`, `${P}; client_max_window_bits=10`, { clientMaxWindowBits: 10 }],
      // RFC 7692, 7.1.2.2: the answer may not have what the offer has not.
      [P, undefined, { clientMaxWindowBits: 10 }],
      [`${P}, ${P}; client_max_window_bits`, `${P}; client_max_window_bits=10`, { clientMaxWindowBits: 10 }],
      [`${P}; server_max_window_bits=10`, `${P}; server_max_window_bits=10`],
      [`${P}; server_max_window_bits="10"`, `${P}; server_max_window_bits=10`],
      [`${P}; server_max_window_bits=15`, `${P}; server_max_window_bits=15`],
      [`${P}; server_max_window_bits=8`, `${P}; server_max_window_bits=8`],
      [P, `${P}; server_max_window_bits=11`, { serverMaxWindowBits: 11 }],
      [`${P}; server_max_window_bits=13`, `${P}; server_max_window_bits=11`, { serverMaxWindowBits: 11 }],
      [`${P}; server_no_context_takeover`, `${P}; server_no_context_takeover`],
      [`${P}; client_no_context_takeover`, `${P}; client_no_context_takeover`],
      [P, `${P}; server_no_context_takeover`, { serverNoContextTakeover: true }],
      [P, `${P}; client_no_context_takeover`, { clientNoContextTakeover: true }],
      // RFC 7692, 7.1: what is not known, or has a wrong value, or is there twice, is declined; the next offer counts.
      [`${P}; unknown`, undefined],
      [`${P}; unknown, ${P}; server_no_context_takeover`, `${P}; server_no_context_takeover`],
      [`${P}; server_max_window_bits`, undefined],
      [`${P}; server_max_window_bits=7`, undefined],
      [`${P}; server_max_window_bits=16`, undefined],
      [`${P}; server_max_window_bits=08`, undefined],
      [`${P}; server_max_window_bits=1e1`, undefined],
      [`${P}; client_max_window_bits=7`, undefined],
      [`${P}; server_no_context_takeover=true`, undefined],
      [`${P}; client_no_context_takeover=1`, undefined],
      [`${P}; server_no_context_takeover; server_no_context_takeover`, undefined],
      [`${P}; client_max_window_bits; client_max_window_bits=9`, undefined],
      // RFC 6455, 9.1: what is not a list of extensions.
      [`${P};`, "invalid"],
      [`${P}; =9`, "invalid"],
      [`${P}; server_max_window_bits=`, "invalid"],
      [`${P}; server_max_window_bits="10`, "invalid"],
      [`${P} x`, "invalid"],
      ["@", "invalid"],
      [`, ,${P},`, P],
    ];

  for (const [offers, expected, options] of OFFERS)
    test(`that is offered "${offers}"${options === undefined ? "" : ` with ${JSON.stringify(options)}`}`, () => {
      expect(answer(offers, options)).toBe(expected);
    });

  test("an offer as long as a head may be takes no time", () => {
    const start = performance.now();
    expect(answer(`${P}; a=${"b".repeat(16_000)}`)).toBeUndefined();
    expect(answer(`${P}${" ; \t a".repeat(3_000)}`)).toBeUndefined();
    expect(answer(`${P}${" ".repeat(16_000)}@`)).toBe("invalid");
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("a client", () => {
  test.each<[PermessageDeflateOptions | true, string]>([
    [true, `${P}; client_max_window_bits`],
    [{ clientMaxWindowBits: 10 }, `${P}; client_max_window_bits=10`],
    [{ serverMaxWindowBits: 9, threshold: 0 }, `${P}; server_max_window_bits=9; client_max_window_bits`],
    [
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      `${P}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits`,
    ],
  ])("%j offers %s", (options, offer) => {
    expect(extension(options).offer).toBe(offer);
  });

  const ANSWERS: readonly (readonly [answer: string, expected: RegExp | string, options?: PermessageDeflateOptions])[] =
    [
      [P, P],
      [`${P}; server_no_context_takeover`, `${P}; server_no_context_takeover`],
      [`${P}; client_no_context_takeover`, `${P}; client_no_context_takeover`],
      [`${P}; server_max_window_bits=10`, `${P}; server_max_window_bits=10`],
      [`${P}; client_max_window_bits=10`, `${P}; client_max_window_bits=10`],
      [`${P}; client_max_window_bits=9`, `${P}; client_max_window_bits=9`, { clientMaxWindowBits: 10 }],
      ["x", /not asked for/],
      [`${P}, ${P}`, /not asked for/],
      [`${P}, x`, /not asked for/],
      ["@", /RFC 6455, 9.1/],
      [`${P}; client_max_window_bits`, /not those of RFC 7692/],
      [`${P}; unknown`, /not those of RFC 7692/],
      [`${P}; server_max_window_bits=16`, /not those of RFC 7692/],
      [`${P}; server_no_context_takeover; server_no_context_takeover`, /not those of RFC 7692/],
      [`${P}; client_max_window_bits=11`, /more than the 10/, { clientMaxWindowBits: 10 }],
      [P, /server_max_window_bits=10/, { serverMaxWindowBits: 10 }],
      [`${P}; server_max_window_bits=11`, /server_max_window_bits=10/, { serverMaxWindowBits: 10 }],
      [P, /server_no_context_takeover/, { serverNoContextTakeover: true }],
    ];

  for (const [text, expected, options] of ANSWERS)
    test(`that is answered "${text}"${options === undefined ? "" : ` with ${JSON.stringify(options)}`}`, () => {
      if (typeof expected === "string") expect(accepted(text, options)).toBe(expected);
      else expect(accepted(text, options)).toMatch(expected);
    });
});

describe("the option", () => {
  const BAD: readonly (readonly [option: unknown, message: RegExp])[] = [
    ["yes", /true, false or an object/],
    [1, /true, false or an object/],
    [{ windowBits: 9 }, /no member "windowBits"/],
    [{ serverMaxWindowBits: 7 }, /integer from 8 to 15/],
    [{ clientMaxWindowBits: 16 }, /integer from 8 to 15/],
    [{ threshold: -1 }, /integer from 0/],
    [{ level: 0 }, /integer from 1 to 9/],
    [{ level: 1.5 }, /integer from 1 to 9/],
    [{ serverNoContextTakeover: 1 }, /true or false/],
  ];

  test.each(BAD)("%j is told at once", (option, message) => {
    const options = { permessageDeflate: option as boolean };
    for (const create of [() => new ClientWebSocket(options), () => new WebSocketServer(options)]) {
      expect(create).toThrow(OptionError);
      expect(create).toThrow(message);
    }
  });

  test("goes not together with deliverFragments", () => {
    expect(() => new ClientWebSocket({ permessageDeflate: true, deliverFragments: true })).toThrow(/deliverFragments/);
  });

  test.each([false, undefined, true, {}, { level: undefined }])("%j is right", (option) => {
    const options = { permessageDeflate: option as boolean };
    expect(() => new WebSocketServer({ ...options, isStandAlone: false })).not.toThrow();
  });
});
