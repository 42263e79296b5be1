/** What a failure of the engine on XS is called: the error's code, and a message that says what to do. */

import type { TlsEngine } from "../../hosts/moddable/tls/engine.js";
import type { errorOf as ErrorOf } from "../../hosts/moddable/tls/errors.js";

type Failure = Partial<Pick<TlsEngine, "error" | "alert" | "flags" | "validity" | "names">>;

const globals = globalThis as unknown as Record<string, unknown>;
let errorOf: typeof ErrorOf;

beforeAll(async () => {
  // What XS has for a module with native functions.
  globals["Native"] = () => Object;
  globals["native"] = () => () => "words of mbedTLS";
  ({ errorOf } = await import("../../hosts/moddable/tls/errors.js"));
});
afterAll(() => {
  delete globals["Native"];
  delete globals["native"];
});
afterEach(() => jest.useRealTimers());

function describeFailure(failure: Failure, hint = ""): string {
  const none = { error: -0x2700, alert: -1, flags: 0, validity: [0, 0], names: "" };
  const { code, message } = errorOf({ ...none, ...failure } as unknown as TlsEngine, hint);
  return `${code}: ${message}`;
}

test.each<[Failure, RegExp]>([
  [{ flags: 0x08 }, /^ETLSUNTRUSTED: the certificate was issued by no trusted authority; name its authority/],
  [{ flags: 0x09 }, /^ETLSUNTRUSTED: .* no trusted authority/],
  [{ flags: 0x1800 }, /^ETLSUNTRUSTED: .*\(key usage\), .*\(extended key usage\)/],
  [{ flags: 0x2000000 }, /^ETLSUNTRUSTED: a key is longer than RSA 4096/],
  [{ flags: 0x2000 }, /^ETLSUNTRUSTED: the certificate is not valid \(0x2000\)/],
  [{ flags: 0x05 }, /^ETLSEXPIRED/],
  [{ flags: 0x04, names: "a.example, 1.2.3.4" }, /^ETLSHOSTNAME: the certificate is for a\.example, 1\.2\.3\.4$/],
  [{ flags: 0x04 }, /^ETLSHOSTNAME: the certificate is for no host$/],
  [{ error: -0x7780, alert: 70 }, /^ETLSVERSION: .*alert 70/],
  [{ error: -0x7780, alert: 40 }, /^ETLSVERSION: .*may also want a certificate/],
  [{ error: -0x7780, alert: 116 }, /^ETLSFAILED: the peer does not accept the certificate of this side, or misses one/],
  [{ error: -0x7780, alert: 20 }, /^ETLSFAILED: the peer has failed \(TLS alert 20\)/],
  [{ error: -0x6e80 }, /^ETLSVERSION/],
  [{ error: -0x7200 }, /^ETLSFAILED: TLS has failed: words of mbedTLS, mbedTLS -0x7200$/],
])("%j is told as %s", (failure, expected) => {
  expect(describeFailure(failure)).toMatch(expected);
});

test("a certificate that is not trusted says where it can be had", () => {
  expect(describeFailure({ flags: 0x08 }, "; it is in the drawer")).toContain("authority; it is in the drawer; name");
});

test("a clock that is not set is told", () => {
  const validity = [Date.UTC(2_026, 4, 1), Date.UTC(2_027, 4, 1)] as const;
  jest.useFakeTimers({ now: 5_000 });
  expect(describeFailure({ flags: 0x200, validity })).toBe(
    "ETLSEXPIRED: a certificate is valid from 2026-05-01 to 2027-05-01, and this device's clock says 1970-01-01, " +
      "which is not set: set it first, by sntp",
  );
  jest.useFakeTimers({ now: Date.UTC(2_028, 0, 1) });
  expect(describeFailure({ flags: 0x01, validity })).toMatch(/clock says 2028-01-01$/);
});
