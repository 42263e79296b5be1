import { HttpListener, type HttpListenerContext, type HttpListenerOptions } from "../../modules/http.js";
import { HttpExchange } from "../../modules/http/exchange.js";
import { InvalidStateError, OptionError } from "../../modules/common/errors.js";
import { FakeSocket } from "../support/fakesocket.js";
import { asciiOf, pattern } from "../support/vectors.js";
import { silenceLog } from "./servertest.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { RawPeer } from "../support/rawpeer.js";

const GET = "GET /page?a=1 HTTP/1.1\r\nHost: a\r\n\r\n";

interface HttpBench {
  readonly listener: HttpListener;
  readonly connect: () => RawPeer;
  /** All that comes of a request. */
  readonly answerTo: (request: string) => Promise<string>;
}

async function withListener(options: HttpListenerOptions, run: (bench: HttpBench) => Promise<void>): Promise<void> {
  const listener = new HttpListener({ port: 0, address: "127.0.0.1", ...options });
  const clients: RawPeer[] = [];
  const connect = (): RawPeer => {
    const client = RawPeer.connect(listener.port);
    clients.push(client);
    return client;
  };
  await listener.start();
  try {
    await run({ listener, connect, answerTo: (request) => connect().send(request).all() });
  } finally {
    listener.stop();
    for (const client of clients) client.destroy();
  }
}

/** What a handler makes of one request, and what it threw if it did. */
async function handled(
  handler: (context: HttpListenerContext) => unknown,
): Promise<{ answer: string; error: unknown }> {
  let answer = "";
  let error: unknown;
  const onRequest = (context: HttpListenerContext): void => {
    try {
      handler(context);
    } catch (thrown) {
      error = thrown;
    }
    if (!context.response.isClosed) context.response.close();
  };
  await withListener({ onRequest }, async ({ answerTo }) => {
    answer = await answerTo(GET);
  });
  return { answer, error };
}

describe("answers", () => {
  test("a text, with its type, its length in bytes, and fields of its own", async () => {
    const { answer } = await handled(({ response }) => {
      response.contentType = "text/plain; charset=utf-8";
      response.setHeader("X-One", "1");
      response.close("é!");
    });
    expect(answer).toBe(
      "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n" +
        "Connection: close\r\n\r\n\xc3\xa9!",
    );
  });

  test("bytes, also many of them", async () => {
    const body = pattern(300_000);
    const { answer } = await handled(({ response }) => {
      response.close(body);
    });
    expect(answer).toContain("\r\nContent-Length: 300000\r\n");
    expect(answer.slice(-300_000)).toBe(Buffer.from(body).toString("latin1"));
  });

  test("HEAD has the header of GET, and no body", async () => {
    await withListener({ onRequest: ({ response }) => response.close("abc") }, async ({ answerTo }) => {
      const answer = await answerTo(GET.replace("GET", "HEAD"));
      expect(answer).toContain("\r\nContent-Length: 3\r\n");
      expect(answer.endsWith("\r\n\r\n")).toBe(true);
    });
  });

  test("404 where there is no handler", async () => {
    await withListener({}, async ({ answerTo }) => {
      expect(await answerTo(GET)).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    });
  });

  test("a handler may answer later", async () => {
    const onRequest = async ({ response }: HttpListenerContext): Promise<void> => {
      await letTimePass(10);
      response.close("late");
    };
    await withListener({ onRequest }, async ({ answerTo }) => {
      expect(await answerTo(GET)).toMatch(/late$/);
    });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("handler");
      },
    ],
    ["rejects", () => Promise.reject(new Error("handler"))],
    ["rejects after a turn", () => letTimePass(1).then(() => Promise.reject(new Error("handler")))],
    // What other libraries make of a promise need have no catch().
    ["gives what acts as a promise", () => ({ then: rejectThenable }) as never],
  ])("500 for a handler that %s; the listener lives", async (_name, onRequest) => {
    const log = silenceLog();
    await withListener({ onRequest }, async ({ answerTo, listener }) => {
      expect(await answerTo(GET)).toMatch(/^HTTP\/1\.1 500 /);
      listener.onRequest = ({ response }) => {
        response.close("well");
      };
      expect(await answerTo(GET)).toMatch(/well$/);
    });
    expect(log).toHaveBeenCalledWith(expect.stringContaining("GET /page?a=1"));
    log.mockRestore();
  });

  test.each([true, null, 7, "done", {}])("what a handler returns beside a promise is ignored: %p", async (returned) => {
    const log = silenceLog();
    const onRequest = ({ response }: HttpListenerContext): never => {
      void letTimePass(1).then(() => response.close("later"));
      return returned as never;
    };
    await withListener({ onRequest }, async ({ answerTo }) => {
      expect(await answerTo(GET)).toMatch(/^HTTP\/1\.1 200 [^]*later$/);
    });
    expect(log).not.toHaveBeenCalled();
    log.mockRestore();
  });

  test("the answer that was given stays although the handler throws behind it", async () => {
    const log = silenceLog();
    const onRequest = ({ response }: HttpListenerContext): void => {
      response.close("done");
      throw new Error("behind");
    };
    await withListener({ onRequest }, async ({ answerTo }) => {
      expect(await answerTo(GET)).toMatch(/^HTTP\/1\.1 200 [^]*done$/);
    });
    log.mockRestore();
  });

  test("503 where the handler does not answer in time; its late answer harms nothing", async () => {
    const late: HttpListenerContext[] = [];
    await withListener(
      { requestTimeoutMs: 500, onRequest: (context) => void late.push(context) },
      async ({ answerTo }) => {
        expect(await answerTo(GET)).toMatch(/^HTTP\/1\.1 503 /);
        expect(() => late[0]?.response.close("late")).not.toThrow();
      },
    );
  });

  test("an answer to a client that left harms nothing", async () => {
    const pending: HttpListenerContext[] = [];
    await withListener({ onRequest: (context) => void pending.push(context) }, async ({ connect }) => {
      const client = connect().send(GET);
      await eventually(() => pending.length === 1);
      client.socket.resetAndDestroy();
      await letTimePass(20);
      pending[0]?.response.close("late");
      await letTimePass(20);
    });
    expect(pending).toHaveLength(1);
  });
});

describe("a caller's mistakes", () => {
  test.each([
    ["a name with a line end", "X\r\nY", "a"],
    ["a value with a line end", "X", "a\r\nSet-Cookie: b"],
    ["a value with a bare LF", "X", "a\nb"],
    ["a value with NUL", "X", "a\0b"],
    ["an empty name", "", "a"],
    ["a name with a colon", "X:", "a"],
  ])("%s is refused", async (_name, name, value) => {
    const { answer, error } = await handled(({ response }) => {
      response.setHeader(name, value);
    });
    expect(error).toBeInstanceOf(OptionError);
    expect(answer).not.toContain("Cookie");
  });

  test("a content type with a line end is refused, and the request can still be answered", async () => {
    const { answer, error } = await handled(({ response }) => {
      response.contentType = "text/html\r\nSet-Cookie: b";
      try {
        response.close("body");
      } finally {
        response.contentType = undefined;
        expect(response.isClosed).toBe(false);
      }
    });
    expect(error).toBeInstanceOf(OptionError);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toContain("Cookie");
  });

  test("answering twice is refused", async () => {
    const { answer, error } = await handled(({ response }) => {
      response.close("once");
      response.close("twice");
    });
    expect(error).toBeInstanceOf(InvalidStateError);
    expect(answer).toMatch(/once$/);
  });

  test("starting twice is refused", async () => {
    await withListener({}, async ({ listener }) => {
      await expect((async () => listener.start())()).rejects.toThrow(InvalidStateError);
      expect(listener.isListening).toBe(true);
    });
  });

  test.each([[{ port: -1 }], [{ maxHeadBytes: 0 }], [{ maxRequests: 0 }], [{ requestTimeoutMs: 0 }], [{ other: 1 }]])(
    "options %j are refused",
    (options) => {
      expect(() => new HttpListener(options as object)).toThrow(OptionError);
    },
  );
});

describe("limits", () => {
  test("maxRequests: one more is answered with 503 at once", async () => {
    const pending: HttpListenerContext[] = [];
    await withListener({ maxRequests: 2, onRequest: (context) => void pending.push(context) }, async (bench) => {
      const waiting = [bench.connect().send(GET), bench.connect().send(GET)];
      await eventually(() => pending.length === 2);
      expect(await bench.answerTo(GET)).toMatch(/^HTTP\/1\.1 503 /);
      for (const { response } of pending) response.close("a");
      for (const client of waiting) expect(await client.all()).toMatch(/a$/);
      // Until the server has heard of their end, they have their places.
      await eventually(async () => {
        const answer = bench.connect().send(GET).all();
        await Promise.race([answer, eventually(() => pending.length === 3)]);
        pending[2]?.response.close("b");
        return (await answer).endsWith("b");
      });
    });
  });

  test("431, 408 and 400 are answered without the handler", async () => {
    const onRequest = jest.fn();
    await withListener({ requestTimeoutMs: 60, onRequest }, async ({ answerTo }) => {
      expect(await answerTo("GET / ")).toMatch(/^HTTP\/1\.1 408 /);
    });
    await withListener({ maxHeadBytes: 256, onRequest }, async ({ answerTo }) => {
      expect(await answerTo("a".repeat(300))).toMatch(/^HTTP\/1\.1 414 /);
      expect(await answerTo(`GET / HTTP/1.1\r\nX: ${"a".repeat(300)}`)).toMatch(/^HTTP\/1\.1 431 /);
      expect(await answerTo("GET /\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
      expect(await answerTo("GET / HTTP/2.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
      expect(await answerTo("GET  / HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
      expect(await answerTo("GET a HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    });
    expect(onRequest).not.toHaveBeenCalled();
  });

  test("a body that comes while the answer leaves is not kept", () => {
    const socket = new FakeSocket();
    const exchange: HttpExchange = new HttpExchange(
      socket,
      { maxHeadBytes: 1_000, maxKeptHeadBytes: 1_000, keptHeaders: [], requestTimeoutMs: 1_000 },
      {
        requestReceived: ({ response }) => response.close("no"),
        takeSpare: () => false,
        headRefused: () => undefined,
        ended: () => undefined,
      },
    );
    exchange.received(asciiOf(GET));
    for (let turn = 0; turn < 10; turn++) exchange.received(pattern(1_000));
    expect(socket.unreadLength).toBe(0);
    exchange.closed();
  });

  test("a client that reads no answer is cut off", async () => {
    let count = 0;
    const onRequest = ({ response }: HttpListenerContext): void => {
      response.close(count++ === 0 ? new Uint8Array(20_000_000) : "free");
    };
    await withListener({ requestTimeoutMs: 200, maxRequests: 1, onRequest }, async ({ connect, answerTo }) => {
      const client = connect();
      client.socket.pause();
      client.send(GET);
      await eventually(() => count === 1, "the request");
      // It has the only place.
      await eventually(async () => (await answerTo(GET)).endsWith("free"), "its place is free");
      client.socket.resume();
      expect((await client.all()).length).toBeLessThan(20_000_000);
    });
  });
});

test("the request tells what was asked for", async () => {
  const seen: unknown[] = [];
  await handled(({ request }) => {
    seen.push(
      request.httpMethod,
      request.rawUrl,
      request.path,
      request.headers.get("HOST"),
      request.isWebSocketRequest,
    );
    expect(request.remoteEndPoint).toMatch(/^127\.0\.0\.1:\d+$/);
  });
  expect(seen).toEqual(["GET", "/page?a=1", "/page", "a", false]);
});

test("stop ends what is not answered, and frees the port", async () => {
  const onRequest = jest.fn();
  await withListener({ onRequest }, async ({ listener, connect }) => {
    const client = connect().send(GET);
    await eventually(() => onRequest.mock.calls.length === 1);
    listener.stop();
    listener.stop();
    expect(await client.all()).toBe("");
    expect(listener.isListening).toBe(false);
  });
});

test("beyond as many refusals as maxRequests there is no answer: those who take none keep no more places", async () => {
  await withListener({ maxRequests: 2 }, async ({ connect }) => {
    const clients = Array.from({ length: 4 }, connect);
    // They notice no end, and so do not end themselves.
    for (const client of clients) client.socket.pause();
    expect(await connect().send(GET).all()).toBe("");
    for (const client of clients) client.destroy();
    await eventually(async () => (await connect().send(GET).all()).startsWith("HTTP/1.1 404 "));
  });
});

test.each([204, 304])("%i has no content, and no Content-Length", async (status) => {
  const { answer } = await handled(({ response }) => {
    response.statusCode = status;
    response.close("text");
  });
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).not.toMatch(/content-length/i);
  expect(answer).toMatch(/\r\n\r\n$/);
});

test.each(["Content-Length", "transfer-encoding", "CONNECTION"])(
  "the field %s is not the handler's to set",
  async (name) => {
    const { error } = await handled(({ response }) => {
      response.setHeader(name, "1");
    });
    expect(error).toBeInstanceOf(OptionError);
  },
);

test.each([101, 600, NaN, "200 OK\r\nX: y"])("the status %p is refused", async (status) => {
  const log = silenceLog();
  const { error, answer } = await handled(({ response }) => {
    response.statusCode = status as number;
    response.close();
  });
  expect(error).toBeInstanceOf(OptionError);
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  log.mockRestore();
});

test("400 for a request without Host", async () => {
  await withListener({}, async ({ answerTo }) => {
    expect(await answerTo("GET / HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test("only space and tab around a value are not its own", async () => {
  await withListener(
    { onRequest: ({ request, response }) => response.close(String(request.headers.get("x")?.length)) },
    async ({ answerTo }) => {
      expect(await answerTo("GET / HTTP/1.1\r\nHost: a\r\nX: \t\xa0v \t\r\n\r\n")).toMatch(/\r\n\r\n2$/);
    },
  );
});

function rejectThenable(_fulfilled: unknown, rejected: (error: Error) => void): void {
  rejected(new Error("handler"));
}
