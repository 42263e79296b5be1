import { OptionError } from "../../modules/common/errors.js";
import { tlsIdentity, toDer } from "../../modules/pem.js";
import { CERTIFICATE_BYTES, KEY_BYTES, PEM_CERTIFICATE, PEM_KEY, pemOf } from "../client/pemsamples.js";

function certificatesOf(pem: string | Uint8Array): number[][] {
  return toDer(pem, "CERTIFICATE", "certificate").map((bytes) => [...bytes]);
}

const ONE = [[...CERTIFICATE_BYTES]];

describe("PEM", () => {
  test.each<[string, string]>([
    ["with lines of 64 characters", PEM_CERTIFICATE],
    ["with CR LF", pemOf("CERTIFICATE", CERTIFICATE_BYTES, "\r\n")],
    ["with CR", pemOf("CERTIFICATE", CERTIFICATE_BYTES, "\r")],
    [
      "in one line",
      `-----BEGIN CERTIFICATE-----${Buffer.from(CERTIFICATE_BYTES).toString("base64")}-----END CERTIFICATE-----`,
    ],
    ["with white space around and within", PEM_CERTIFICATE.replaceAll("\n", " \n\t ")],
    ["with text around, as openssl writes it", `Certificate:\n  Data: -----\n${PEM_CERTIFICATE}that was it - really`],
    ["with other blocks around", `${PEM_KEY}${PEM_CERTIFICATE}${pemOf("X509 CRL", KEY_BYTES)}`],
  ])("%s is read", (_name, pem) => {
    expect(certificatesOf(pem)).toEqual(ONE);
  });

  test("with several certificates is read in their order", () => {
    const certificates = [CERTIFICATE_BYTES, KEY_BYTES, CERTIFICATE_BYTES.subarray(1)];
    const pem = certificates.map((bytes) => pemOf("CERTIFICATE", bytes)).join("\n");
    expect(certificatesOf(pem)).toEqual(certificates.map((bytes) => [...bytes]));
  });

  test("with 200 certificates is read soon", () => {
    expect(certificatesOf(PEM_CERTIFICATE.repeat(200))).toHaveLength(200);
  });

  test("DER is taken as it is", () => {
    expect(toDer(CERTIFICATE_BYTES, "CERTIFICATE", "certificate")).toEqual([CERTIFICATE_BYTES]);
  });

  test.each<[string, string, RegExp]>([
    ["nothing", "", /must be PEM with a -----BEGIN CERTIFICATE----- block/],
    ["base64 alone", Buffer.from(CERTIFICATE_BYTES).toString("base64"), /must be PEM/],
    ["a key", PEM_KEY, /must be PEM/],
    ["a block without end", PEM_CERTIFICATE.replace(/-----END.*/, ""), /must be PEM/],
    ["a block with another end", PEM_CERTIFICATE.replace("END CERTIFICATE", "END X509 CRL"), /must be PEM/],
    ["a block that is not base64", PEM_CERTIFICATE.replace(/\n./, "\n#"), /is damaged PEM/],
    ["a block with a character less", PEM_CERTIFICATE.replace(/\n./, "\n"), /is damaged PEM/],
  ])("with %s throws", (_name, pem, message) => {
    expect(() => toDer(pem, "CERTIFICATE", "certificate")).toThrow(OptionError);
    expect(() => toDer(pem, "CERTIFICATE", "certificate")).toThrow(message);
  });

  test.each(["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])("%s is told how to convert", (label) => {
    expect(() => toDer(pemOf(label, KEY_BYTES), "PRIVATE KEY", "clientPrivateKey")).toThrow(
      `clientPrivateKey is ${label}, and must be PKCS #8. Convert it: openssl pkcs8 -topk8 -nocrypt.`,
    );
  });
});

describe("tlsIdentity", () => {
  test("takes the chain, and the key of the same file", () => {
    const file = PEM_CERTIFICATE + pemOf("CERTIFICATE", KEY_BYTES) + PEM_KEY;
    expect(tlsIdentity(file, file)).toEqual({
      certificates: [Buffer.from(CERTIFICATE_BYTES), Buffer.from(KEY_BYTES)],
      privateKey: Buffer.from(KEY_BYTES),
    });
  });

  test("takes DER", () => {
    expect(tlsIdentity(CERTIFICATE_BYTES, KEY_BYTES)).toEqual({
      certificates: [CERTIFICATE_BYTES],
      privateKey: KEY_BYTES,
    });
  });

  test("throws where the key is missing", () => {
    expect(() => tlsIdentity(PEM_CERTIFICATE, PEM_CERTIFICATE)).toThrow(/The private key must be PEM/);
    expect(() => tlsIdentity(PEM_KEY, PEM_KEY)).toThrow(/The certificate must be PEM/);
  });
});
