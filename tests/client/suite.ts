/** What ClientWebSocket does on every host. No API of Node or Jest: the tests run on XS too, against servers on Node. */

import { fromBase64 } from "#platform";
import {
  SslVerification,
  WebSocketMessageType,
  type ClientWebSocketOptions,
  type WebSocketError,
} from "xs-websockets/client";
import { assert, assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { answerTests } from "./suiteanswers.js";
import { messagesTests } from "./suitemessages.js";
import { Session, type SuiteSettings } from "./suitesession.js";
import { eventually, letTimePass } from "../support/waiting.js";

function codeThrownBy(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(codeOf(error));
  }
  return "";
}

function sessionTests({ ports }: SuiteSettings): Tests {
  const answers = `ws://127.0.0.1:${ports.answers}`;
  const echo = `ws://127.0.0.1:${ports.echo}/`;
  return {
    "texts, bytes and fragments come back, and a Ping is answered": async () => {
      const session = new Session();
      const { client } = session;
      await client.connect(echo, { userId: "nano" });
      assertEqual(client.remoteEndPoint, `127.0.0.1:${ports.echo}`, "remoteEndPoint");
      const bytes = Uint8Array.of(1, 2, 3, 4, 5);
      client.sendString("aé€😀");
      client.sendBytes(bytes);
      client.sendString("in fragments", 5);
      client.ping(Uint8Array.of(7));
      await session.until("pong 7");
      await session.until("text in fragments");
      assertEqual(bytes.join(), "1,2,3,4,5", "the caller's bytes");
      client.sendBytes(new Uint8Array(3_000).fill(1));
      await session.until(`binary ${new Array<number>(3_000).fill(1).join(" ")}`);
      client.close(3_000, "over");
      await session.until("closed 3000 clean");
      assertEqual(session.events.slice(0, 2).join(), "text aé€😀,binary 1 2 3 4 5", "events");
      assertEqual(session.ends.length, 1, "ends");
    },
    "the server closes": async () => {
      const session = new Session();
      await session.client.connect(echo);
      session.client.sendString("close");
      await session.until("closed 4321 clean");
      assertEqual(session.client.closeStatusDescription, "schön war es", "closeStatusDescription");
    },
    "frames in the segment of the answer come after `await connect()`": async () => {
      const session = new Session();
      await session.client.connect(`${answers}/early`);
      assertEqual(session.events.join(), "", "events");
      await session.until("text late");
      assertEqual(session.events.join(), "text early,text late", "events");
      session.client.abort();
    },
    "interim answers before the 101 are passed over": async () => {
      const session = new Session();
      await session.client.connect(`${answers}/hints`);
      await session.until("text hinted");
      session.client.abort();
    },
    "only bytes are sent as bytes, and of a view those that it shows": async () => {
      const session = new Session();
      const { client } = session;
      await client.connect(echo);
      client.sendBytes(new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2));
      await session.until("binary 2 3");
      client.sendBytes(Uint16Array.of(0x0101, 0x0202));
      await session.until("binary 1 1 2 2");
      client.sendBytes(Uint8Array.of(5, 6).buffer);
      await session.until("binary 5 6");
      const mistakes: readonly (() => unknown)[] = [
        () => client.sendBytes("hello" as never),
        () => client.sendBytes(3 as never),
        () => client.send([1, 2] as never, WebSocketMessageType.Binary),
        () => client.sendString(undefined as never),
      ];
      for (const mistake of mistakes) assertEqual(codeThrownBy(mistake), "ERR_OPTION", String(mistake));
      client.abort();
    },
    "a Ping is answered, and told": async () => {
      const session = new Session();
      await session.client.connect(`${answers}/ping`);
      await session.until("text pong of 3");
      assertEqual(session.events.join(), "ping 1 2 3,text pong of 3", "events");
      session.client.abort();
    },
    "every frame has another mask": async () => {
      const session = new Session();
      await session.client.connect(`${answers}/masks`);
      for (let turn = 0; turn < 20; turn++) session.client.sendString("same");
      await session.until("text 20 masks");
      session.client.abort();
    },
    "a server that vanishes, and one that falls silent": async () => {
      const session = new Session({ keepAliveInterval: 100, serverTimeout: 800 });
      await session.client.connect(`${answers}/vanish`).catch(() => undefined);
      await eventually(() => session.ends.length !== 0);
      assertEqual(session.ends[0]?.error?.name, "NetworkError", "name");
      await session.client.connect(`${answers}/mute`);
      await session.until("closed 1006 unclean ERR_TIMEOUT");
    },
    "paused: nothing is delivered until resume, and nobody is given up; close resumes": async () => {
      const session = new Session({ keepAliveInterval: 100, serverTimeout: 1_000 });
      const { client } = session;
      await client.connect(echo);
      client.pause();
      for (let turn = 0; turn < 10; turn++) client.sendString(`${turn}`);
      await letTimePass(1_300);
      assertEqual(session.events.join(), "", "events while it is paused");
      client.resume();
      await session.until("text 9");
      assertEqual(session.events.join(), Array.from({ length: 10 }, (_, at) => `text ${at}`).join(), "events");
      client.pause();
      client.sendString("last");
      client.close();
      await session.until("closed 1000 clean");
      assertEqual(session.events.at(-2), "text last", "event before the end");
    },
    "a handler that throws closes with 1011": async () => {
      const session = new Session({
        onMessageReceived: () => {
          throw new Error("expected: the handler threw");
        },
      });
      await session.client.connect(echo);
      session.client.sendString("a");
      await session.until("closed 1011 unclean ERR_HANDLER");
    },
    "the same object connects ten times": async () => {
      const session = new Session();
      for (let turn = 0; turn < 10; turn++) {
        await session.client.connect(echo);
        session.client.sendString(`${turn}`);
        await session.until(`text ${turn}`);
        if (turn % 2 === 0) session.client.abort();
        else session.client.close();
        await eventually(() => session.ends.length > turn);
      }
    },
  };
}

/** Servers that ask whom they serve, and that serve several names. */
function identityTests({ ports, authority, identity }: SuiteSettings): Tests {
  const certificate = fromBase64(authority);
  const url = `wss://127.0.0.1:${ports.mutual}/`;
  const serverName = "host.test.example";
  const greeted = async (options: ClientWebSocketOptions): Promise<void> => {
    const session = new Session({ certificate, serverName, ...options });
    await session.client.connect(url);
    await session.until(`text a client at ${serverName}`);
    session.client.abort();
  };
  return {
    "wss: a client's certificate, and a name by SNI": () =>
      greeted({
        clientCertificate: fromBase64(identity.clientCertificate),
        clientPrivateKey: fromBase64(identity.clientPrivateKey),
      }),
    "wss: the certificate that is stored on the device": () => greeted({ useStoredDeviceCertificate: true }),
    "wss: no certificate where one is wanted": async () => {
      const session = new Session({ certificate, serverName });
      const error = await session.client.connect(url).then(
        () => undefined,
        (reason: unknown) => reason as WebSocketError,
      );
      assert(error !== undefined, "it connects");
      assertEqual(session.events.length, 1, "events");
    },
    "wss: the certificate of another name than serverName": async () => {
      const options = { certificate, serverName: "host.other.example", useStoredDeviceCertificate: true };
      await new Session(options).failure(url, "ETLSHOSTNAME");
    },
  };
}

function tlsTests({ ports, authority }: SuiteSettings): Tests {
  const certificate = fromBase64(authority);
  const refused =
    (port: number, code: string, options: ClientWebSocketOptions = {}) =>
    async (): Promise<void> => {
      const error = await new Session({ certificate, ...options }).failure(`wss://127.0.0.1:${port}/`, code);
      if (code.startsWith("ETLS")) assertEqual(error.name, "TlsError", "name");
    };
  const session = async (port: number, options: ClientWebSocketOptions): Promise<void> => {
    const opened = new Session(options);
    await opened.client.connect(`wss://127.0.0.1:${port}/`);
    assert(opened.client.isSSL, "isSSL");
    opened.client.sendString("aé€😀");
    await opened.until("text aé€😀");
    opened.client.close();
    await opened.until("closed 1000 clean");
  };
  return {
    "wss: a right certificate": () => session(ports.right, { certificate }),
    "wss: an authority as PEM": () =>
      session(ports.right, { certificate: `-----BEGIN CERTIFICATE-----\n${authority}\n-----END CERTIFICATE-----\n` }),
    "wss: NoVerification": () => session(ports.untrusted, { sslVerification: SslVerification.NoVerification }),
    "wss: an untrusted certificate": refused(ports.untrusted, "ETLSUNTRUSTED"),
    "wss: an expired certificate": refused(ports.expired, "ETLSEXPIRED"),
    "wss: another host's certificate": refused(ports.wrongHost, "ETLSHOSTNAME"),
    "wss: a server that says nothing": refused(ports.silent, "ERR_TIMEOUT", { connectTimeout: 300 }),
    "wss: a port that nobody listens on": refused(ports.closed, "ECONNREFUSED"),
  };
}

/** @param hasResources whether the host trusts the authorities among an app's resources of itself, as XS does */
export function clientTests(settings: SuiteSettings, hasResources: boolean): Tests {
  const { onlyTls13 } = settings.ports;
  const certificate = fromBase64(settings.authority);
  return {
    ...answerTests(settings),
    ...sessionTests(settings),
    ...messagesTests(settings),
    ...tlsTests(settings),
    ...identityTests(settings),
    "wss: authorities that the host trusts of itself": async () => {
      const session = new Session();
      const url = `wss://127.0.0.1:${settings.ports.right}/`;
      // On XS those that are resources of the app, here the one of the tests. Node has those of the web.
      if (hasResources) await session.client.connect(url);
      else await session.failure(url, "ETLSUNTRUSTED");
      session.client.abort();
      const error = await new Session().failure(`wss://127.0.0.1:${settings.ports.untrusted}/`, "ETLSUNTRUSTED");
      // The SDK has the other one under this name, and the app lacks it.
      assert(!hasResources || error.message.includes("modules/crypt/data/ca1;"), error.message);
    },
    "wss: a server that has only TLS 1.3": async () => {
      const session = new Session({ certificate });
      const url = `wss://127.0.0.1:${onlyTls13}/`;
      // It is no WebSocket server: TLS is all that it has.
      await session.failure(url, "ERR_NETWORK");
    },
  };
}
