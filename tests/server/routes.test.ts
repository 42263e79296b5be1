import { HttpListener, type HttpListenerContext } from "../../modules/http.js";
import { OptionError } from "../../modules/common/errors.js";
import { silenceLog } from "./servertest.js";
import { RawPeer } from "../support/rawpeer.js";

silenceLog();

const answer =
  (text: string) =>
  ({ response }: HttpListenerContext): void =>
    response.close(text);

async function answersTo(listener: HttpListener, paths: readonly string[]): Promise<string[]> {
  await listener.start();
  try {
    const ask = async (path: string): Promise<string> => {
      const whole = await RawPeer.connect(listener.port).send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).all();
      return `${whole.slice(9, 12)} ${whole.slice(whole.indexOf("\r\n\r\n") + 4)}`.trim();
    };
    return await Promise.all(paths.map(ask));
  } finally {
    listener.stop();
  }
}

const free = { port: 0, address: "127.0.0.1" };

test("a path has a handler of its own, and onRequest gets the rest", async () => {
  const listener = new HttpListener({ ...free, onRequest: answer("rest") });
  listener.route("/led", answer("led"));
  listener.route("/Pages/", answer("pages"));
  listener.route("/", answer("root"));
  expect(
    await answersTo(listener, ["/led", "/LED/", "/led?a=/x", "/led//", "/led/x", "/ledx", "/pages", "/", "/?x"]),
  ).toEqual(["200 led", "200 led", "200 led", "200 rest", "200 rest", "200 rest", "200 pages", "200 root", "200 root"]);
});

test("without onRequest the rest is not found, and a route that throws is answered 500", async () => {
  const listener = new HttpListener(free);
  listener.route("/bad", () => {
    throw new Error("bad");
  });
  listener.route("/late", () => Promise.reject(new Error("late")));
  expect(await answersTo(listener, ["/x", "/bad", "/late"])).toEqual(["404", "500", "500"]);
});

test("mistakes are told at once", () => {
  const listener = new HttpListener(free);
  listener.route("/led", answer("led"));
  expect(() => listener.route("/LED/", answer("again"))).toThrow("There is already a handler for /LED/.");
  for (const path of ["led", "", "/a b", "/ä", "/a?b", "/a#b", undefined as unknown as string])
    expect(() => listener.route(path, answer(""))).toThrow(OptionError);
  expect(() => listener.route("/x", undefined as never)).toThrow("must be a function");
});
