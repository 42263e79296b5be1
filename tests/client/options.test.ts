import {
  ClientWebSocket,
  OptionError,
  SslProtocols,
  SslVerification,
  WebSocketState,
  type ClientWebSocketOptions,
} from "../../modules/client.js";
import { PEM_CERTIFICATE, PEM_KEY } from "./pemsamples.js";

/** Options that are refused, with what the message names. Some of them only untyped programs can give. */
const FAULTS: readonly (readonly [name: string, options: object, message: RegExp])[] = [
  ["an option that there is not", { keepAlive: 1 }, /no option "keepAlive"/],
  ["a server's option", { port: 80 }, /no option "port"/],
  ["a text for a number", { connectTimeout: "1000" }, /connectTimeout takes a number/],
  ["null", { keepAliveInterval: null }, /keepAliveInterval takes a number/],
  ["a connectTimeout of 0", { connectTimeout: 0 }, /connectTimeout must be a whole number from 1/],
  ["a negative connectTimeout", { connectTimeout: -1 }, /connectTimeout/],
  ["a connectTimeout that is not finite", { connectTimeout: Infinity }, /connectTimeout/],
  ["a connectTimeout that no timer takes", { connectTimeout: 2 ** 31 }, /connectTimeout/],
  ["a fraction", { keepAliveInterval: 0.5 }, /keepAliveInterval must be a whole number/],
  ["NaN", { serverTimeout: NaN }, /serverTimeout must be a whole number/],
  ["a head that is too small", { maxHeadBytes: 255 }, /maxHeadBytes must be a whole number from 256/],
  ["a head that is too large", { maxHeadBytes: 2 ** 20 + 1 }, /maxHeadBytes/],
  ["a message of no bytes", { maxMessageBytes: 0 }, /maxMessageBytes/],
  ["a queue that holds no frame", { maxQueueBytes: 255 }, /maxQueueBytes/],
  ["a closing handshake without time", { closeTimeoutMs: 0 }, /closeTimeoutMs/],
  ["a negative fragment size", { maxFragmentSize: -1 }, /maxFragmentSize/],
  ["a subprotocol that is no list", { subprotocols: "chat" }, /subprotocols takes a list/],
  ["a subprotocol that is no token", { subprotocols: ["chat", "a b"] }, /"a b" cannot be/],
  ["an empty subprotocol", { subprotocols: [""] }, /cannot be a subprotocol/],
  ["a subprotocol with a line end", { subprotocols: ["a\r\nX: y"] }, /cannot be a subprotocol/],
  ["two in one subprotocol", { subprotocols: ["a, b"] }, /cannot be a subprotocol/],
  ["a subprotocol twice", { subprotocols: ["a", "b", "a"] }, /each subprotocol only once/],
  ["a TLS version that is forbidden", { sslProtocol: 0x0300 }, /SslProtocols\.Tls12 or SslProtocols\.Tls13/],
  ["a verification that there is not", { sslVerification: 2 }, /SslVerification\.NoVerification/],
  [
    "a certificate that is no PEM",
    { certificate: "certificate" },
    /certificate must be PEM with a -----BEGIN CERTIFICATE/,
  ],
  ["a key for a certificate", { certificate: PEM_KEY }, /certificate must be PEM with a -----BEGIN CERTIFICATE/],
  [
    "an authority, and no verification",
    { certificate: PEM_CERTIFICATE, sslVerification: SslVerification.NoVerification },
    /give only one/,
  ],
  ["a client's certificate without key", { clientCertificate: PEM_CERTIFICATE }, /belong together/],
  ["a client's key without certificate", { clientPrivateKey: PEM_KEY }, /belong together/],
  [
    "two certificates of the client",
    { clientCertificate: PEM_CERTIFICATE, clientPrivateKey: PEM_KEY, useStoredDeviceCertificate: true },
    /either useStoredDeviceCertificate or clientCertificate/,
  ],
  [
    "certificate and key exchanged",
    { clientCertificate: PEM_KEY, clientPrivateKey: PEM_CERTIFICATE },
    /-----BEGIN PRIVATE KEY/,
  ],
];

describe("options", () => {
  test.each(FAULTS)("%s throws", (_name, options, message) => {
    const create = (): ClientWebSocket => new ClientWebSocket(options);
    expect(create).toThrow(OptionError);
    expect(create).toThrow(message);
  });

  test("have defaults", () => {
    const client = new ClientWebSocket();
    expect(client).toMatchObject({
      keepAliveInterval: 30_000,
      serverTimeout: 60_000,
      maxReceiveFrameSize: 16_384,
      maxFragmentSize: 32_768,
      sslProtocol: SslProtocols.Tls12,
      sslVerification: SslVerification.CertificateRequired,
      useCustomCertificate: false,
      useStoredDeviceCertificate: false,
    });
  });

  test("are told by the client", () => {
    const options: ClientWebSocketOptions = {
      keepAliveInterval: 1,
      serverTimeout: 2,
      maxReceiveFrameSize: 3,
      maxFragmentSize: 4,
      sslProtocol: SslProtocols.Tls13,
    };
    expect(new ClientWebSocket(options)).toMatchObject(options);
    expect(new ClientWebSocket({ certificate: PEM_CERTIFICATE }).useCustomCertificate).toBe(true);
  });

  test("that are undefined are as if they were left out", () => {
    const options = { keepAliveInterval: undefined, certificate: undefined } as unknown as ClientWebSocketOptions;
    expect(new ClientWebSocket(options).keepAliveInterval).toBe(30_000);
  });

  test("NoVerification is logged", () => {
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    new ClientWebSocket({ sslVerification: SslVerification.NoVerification });
    expect(log).toHaveBeenCalledWith(expect.stringContaining("NoVerification"));
    log.mockRestore();
  });
});

test("a client that has not connected tells nothing", () => {
  const client = new ClientWebSocket();
  expect(client).toMatchObject({
    state: WebSocketState.None,
    isServer: false,
    isSSL: false,
    host: "",
    port: 0,
    prefix: "",
    remoteEndPoint: "",
    subprotocol: undefined,
    closeStatus: undefined,
    closeStatusDescription: undefined,
    bufferedAmount: 0,
  });
});

test.each<[string, (client: ClientWebSocket) => unknown]>([
  ["sendString", (client) => client.sendString("a")],
  ["sendBytes", (client) => client.sendBytes(new Uint8Array(1))],
  ["ping", (client) => client.ping()],
])("%s throws before it is open", (_name, call) => {
  expect(() => call(new ClientWebSocket())).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }) as Error);
});

test.each<[string, (client: ClientWebSocket) => unknown]>([
  ["close", (client) => client.close()],
  ["abort", (client) => client.abort()],
  ["dispose", (client) => client.dispose()],
])("%s does nothing before it is connected", (_name, call) => {
  const client = new ClientWebSocket();
  client.onConnectionClosed = jest.fn();
  call(client);
  expect(client.onConnectionClosed).not.toHaveBeenCalled();
  expect(client.state).toBe(WebSocketState.None);
});
