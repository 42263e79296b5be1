/** Connections that cannot be made, take too long, or are given up. */

import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  AbortedError,
  NetworkError,
  TimeoutError,
  WebSocketState,
  ClientWebSocket,
  type ClientWebSocketOptions,
} from "../../modules/client.js";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { BlackHole } from "./blackhole.js";
import { ClientBench, expectHandles, expectNothingLeft, openHandles } from "./clienttest.js";
import { refused, SOON_MS } from "./refused.js";
import { letTimePass } from "../support/waiting.js";
import type { RawPeer } from "../support/rawpeer.js";
import { RawServer } from "../support/rawserver.js";

let server: RawServer;

beforeAll(async () => {
  server = await RawServer.start();
});
afterAll(() => server.stop());

describe.each(["ws", "wss"])("%s: a connection that cannot be made", (scheme) => {
  test("is refused", async () => {
    const port = await findFreePort();
    const bench = new ClientBench();
    const error = await bench.failure(`${scheme}://127.0.0.1:${port}/`);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.code).toBe("ECONNREFUSED");
    expect(error.message).toContain(`Cannot connect to 127.0.0.1, port ${port}.`);
    expect(error.cause).toMatchObject({ message: expect.any(String) as string });
    expect(bench.events).toEqual(["closed 1006 unclean ECONNREFUSED"]);
    expectNothingLeft(bench);
  });

  test("is refused at every address of a name", async () => {
    const bench = new ClientBench();
    const error = await bench.failure(`${scheme}://localhost:${await findFreePort()}/`);
    expect(error.code).toBe("ECONNREFUSED");
    expect(error.message).not.toMatch(/\. $|undefined/);
  });

  test("has a host name without address", async () => {
    const bench = new ClientBench();
    // No label of a name has more than 63 characters (RFC 1035, 2.3.4): no server needs to be asked.
    const error = await bench.failure(`${scheme}://${"x".repeat(64)}.invalid/`);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.code).toBe("ENOTFOUND");
    expect(bench.events).toEqual(["closed 1006 unclean ENOTFOUND"]);
    expectNothingLeft(bench);
  });

  test("ends at connectTimeout where the server says nothing", async () => {
    const bench = new ClientBench({ connectTimeout: 120 });
    const startedAt = performance.now();
    const failure = bench.failure(`${scheme}://127.0.0.1:${server.port}/`);
    const peer = await server.next();
    const error = await failure;
    expect(performance.now() - startedAt).toBeGreaterThan(110);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toBe("No connection within 120 ms (connectTimeout).");
    expect(bench.events).toEqual(["closed 1006 unclean ERR_TIMEOUT"]);
    expectNothingLeft(bench);
    await peer.closed;
  });
});

describe("a server that speaks something else", () => {
  test("a port for TLS whose server says so is told as one", async () => {
    const { error, durationMs } = await refused(server, (peer) => peer.send(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70)));
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", statusCode: 0 });
    expect(error.message).toMatch(/TLS: write wss:\/\/ instead of ws:\/\//);
    expect(durationMs).toBeLessThan(SOON_MS);
  });

  test("a port for TLS whose server ends the connection is told as one, perhaps", async () => {
    const { right } = await testCertificates();
    const tls = createTlsServer({ cert: right.certificatesPem, key: right.privateKeyPem }).on(
      "tlsClientError",
      () => undefined,
    );
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const { port } = tls.address() as AddressInfo;
    const error = await new ClientBench().failure(`ws://127.0.0.1:${port}/`);
    tls.close();
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain(`127.0.0.1, port ${port}, took the connection and ended it without an answer.`);
    expect(error.message).toContain("wss://");
  });

  test.each<[name: string, end: (peer: RawPeer) => void]>([
    ["ends", (peer) => peer.socket.end()],
    ["resets", (peer) => peer.socket.resetAndDestroy()],
  ])("one that %s the connection without an answer", async (_name, end) => {
    const { error } = await refused(server, end);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain("ended it without an answer");
  });

  test("one that ends the connection within its answer", async () => {
    const { error } = await refused(server, (peer) => peer.send("HTTP/1.1 101 Switching").socket.end());
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toMatch(/^The connection to 127\.0\.0\.1, port \d+, ended within the answer\./);
  });

  test("SSH is told before its line ends", async () => {
    const { error, durationMs } = await refused(server, (peer) => peer.send("SSH-2.0-OpenSSH"));
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE", message: expect.stringContaining("not HTTP") as string });
    expect(durationMs).toBeLessThan(SOON_MS);
  });
});

/** How far a connection gets before it is given up. */
interface Stage {
  readonly name: string;
  /** Connects. Resolves when the stage is reached. */
  readonly reach: (bench: ClientBench) => Promise<Attempt>;
}

interface Attempt {
  readonly failure: Promise<unknown>;
  readonly peer: RawPeer | undefined;
}

const STAGES: readonly Stage[] = [
  {
    name: "the name look-up",
    reach: (bench) => Promise.resolve(attempt(bench, `ws://localhost:${server.port}/`)),
  },
  {
    name: "the name look-up for TLS",
    reach: (bench) => Promise.resolve(attempt(bench, `wss://localhost:${server.port}/`)),
  },
  {
    name: "TCP",
    reach: (bench) => Promise.resolve(attempt(bench, server.url)),
  },
  {
    name: "the TLS handshake",
    reach: async (bench) => withPeer(attempt(bench, server.url.replace("ws:", "wss:")), () => undefined),
  },
  {
    name: "the request",
    reach: async (bench) => withPeer(attempt(bench, server.url), (peer) => peer.head()),
  },
  {
    name: "half of the answer",
    reach: async (bench) =>
      withPeer(attempt(bench, server.url), async (peer) => {
        await peer.head();
        peer.send("HTTP/1.1 101 Swi");
        await letTimePass(20);
      }),
  },
  {
    name: "half of the body of another answer",
    reach: async (bench) =>
      withPeer(attempt(bench, server.url), async (peer) => {
        await peer.head();
        peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nabc");
        await letTimePass(20);
      }),
  },
];

function attempt(bench: ClientBench, url: string): Attempt {
  return { failure: bench.failure(url), peer: undefined };
}

async function withPeer({ failure }: Attempt, reach: (peer: RawPeer) => unknown): Promise<Attempt> {
  const peer = await server.next();
  await reach(peer);
  return { failure, peer };
}

describe.each(STAGES)("given up during $name", ({ reach }) => {
  let bench: ClientBench;
  let before: string[];

  beforeEach(async () => {
    // Those who were given up before they were accepted.
    await letTimePass(5);
    server.forget();
    before = openHandles();
    bench = new ClientBench();
  });

  test.each<[name: string, end: (client: ClientWebSocket) => void, state: WebSocketState]>([
    ["close()", (client) => client.close(), WebSocketState.Closed],
    ["close() with a status", (client) => client.close(3000, "reason"), WebSocketState.Closed],
    ["abort()", (client) => client.abort(), WebSocketState.Aborted],
    ["dispose()", (client) => client.dispose(), WebSocketState.Aborted],
    ["Symbol.dispose", (client) => client[Symbol.dispose](), WebSocketState.Aborted],
  ])("%s ends it at once", async (_name, end, state) => {
    const { failure, peer } = await reach(bench);
    expect(bench.client.state).toBe(WebSocketState.Connecting);
    end(bench.client);
    expect(bench.events).toEqual(["closed 1006 unclean ERR_ABORTED"]);
    expectNothingLeft(bench, state);
    end(bench.client);
    bench.client.close();
    bench.client.abort();
    expect(await failure).toBeInstanceOf(AbortedError);
    await peer?.closed;
    await expectHandles(before);
    expectNothingLeft(bench, state);
  });

  test("connect() again throws meanwhile, and disturbs nothing", async () => {
    const { failure } = await reach(bench);
    await expect(bench.client.connect(server.url)).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    expect(bench.events).toEqual([]);
    expect(bench.client.state).toBe(WebSocketState.Connecting);
    expect(() => bench.client.sendString("a")).toThrow(expect.objectContaining({ code: "ERR_INVALID_STATE" }) as Error);
    bench.client.abort();
    await failure;
  });
});

describeIf(process.platform === "linux", "Linux", "a TCP connection that no one answers", () => {
  let hole: BlackHole;
  beforeAll(async () => {
    hole = await BlackHole.start();
  });
  afterAll(() => hole.stop());

  test.each(["ws", "wss"])("%s: ends at connectTimeout", async (scheme) => {
    const before = openHandles();
    const bench = new ClientBench({ connectTimeout: 150 });
    const error = await bench.failure(`${scheme}://127.0.0.1:${hole.port}/`);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(bench.events).toEqual(["closed 1006 unclean ERR_TIMEOUT"]);
    await expectHandles(before);
  });

  test.each(["ws", "wss"])("%s: is given up by abort()", async (scheme) => {
    const before = openHandles();
    const bench = new ClientBench();
    const failure = bench.failure(`${scheme}://127.0.0.1:${hole.port}/`);
    await letTimePass(50);
    bench.client.abort();
    expect(bench.events).toEqual(["closed 1006 unclean ERR_ABORTED"]);
    await failure;
    await expectHandles(before);
  });
});

describe("within onConnectionClosed of a failure", () => {
  const refusing = { connectTimeout: 100 };

  async function failAndThen(options: ClientWebSocketOptions): Promise<ClientBench> {
    const bench = new ClientBench({ ...refusing, ...options });
    await bench.failure(`ws://127.0.0.1:${await findFreePort()}/`);
    return bench;
  }

  test("everything may be called", async () => {
    const bench = await failAndThen({
      onConnectionClosed: (sender) => {
        expect(sender.state).toBe(WebSocketState.Closed);
        sender.close();
        sender.abort();
        sender.dispose();
        expect(() => sender.sendString("a")).toThrow();
      },
    });
    expectNothingLeft(bench);
  });

  test("an exception is logged, and the promise still rejects", async () => {
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    const bench = await failAndThen({
      onConnectionClosed: () => {
        throw new Error("the handler threw");
      },
    });
    expect(log).toHaveBeenCalledWith(expect.stringContaining("the handler threw"));
    log.mockRestore();
    expectNothingLeft(bench);
  });

  test("it may connect again", async () => {
    const seconds: Promise<void>[] = [];
    const bench = new ClientBench({
      onConnectionClosed: () => {
        if (seconds.length === 0) seconds.push(bench.client.connect(server.url));
      },
    });
    server.forget();
    await bench.failure(`ws://127.0.0.1:${await findFreePort()}/`);
    expect(bench.client.state).toBe(WebSocketState.Connecting);
    const peer = await (await server.next()).accept();
    await seconds[0];
    expect(bench.client.state).toBe(WebSocketState.Open);
    bench.client.abort();
    await peer.closed;
    expect(bench.ends).toHaveLength(2);
  });
});

test("a stored certificate that cannot be read is a NetworkError, with one closed event", async () => {
  process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"] = "nowhere.der";
  process.env["XS_WEBSOCKETS_DEVICE_KEY"] = "nowhere.der";
  const codes: string[] = [];
  const client = new ClientWebSocket({
    useStoredDeviceCertificate: true,
    onConnectionClosed: (_sender, { error }) => void codes.push(error?.code ?? ""),
  });
  try {
    await expect(client.connect("wss://127.0.0.1:9/")).rejects.toMatchObject({ name: "NetworkError", code: "ENOENT" });
  } finally {
    delete process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"];
    delete process.env["XS_WEBSOCKETS_DEVICE_KEY"];
  }
  expect(codes).toEqual(["ENOENT"]);
  expect(client.state).toBe(WebSocketState.Closed);
});
