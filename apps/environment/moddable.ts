import sdkConfig from "mc/config";
import Net from "net";
import Resource from "Resource";
import Timer from "timer";

import type { Environment } from "./environment.js";
import { type Defaults, readSettings as read, SettingError, type Settings } from "./settings.js";

type AbortHook = (reason: string, exception: unknown) => boolean;

// Without this hook (the manifest's define xs.abortHook) an exception that nobody catches stops the app in silence.
// Any other reason, such as memory that is full, still ends it: a device then starts anew.
(globalThis as { abort?: AbortHook }).abort = (reason, exception) => {
  trace(`${reason}: ${describe(exception)}\n`);
  return !reason.startsWith("unhandled");
};

function describe(error: unknown): string {
  if (error instanceof SettingError) return error.message;
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

const given: readonly (readonly [string, unknown])[] = Object.entries(sdkConfig);

export function readSettings<D extends Defaults>(defaults: D): Settings<D> {
  const settings = read(Object.fromEntries(given.map(([name, value]) => [name, String(value)])), defaults);
  trace(`xs-websockets ${sdkConfig["version"] ?? ""}\n`);
  return settings;
}

const certificateName = "device-certificate.der";
const keyName = "device-key.der";

export const loadResource: Environment["loadResource"] = (name) => {
  // XS makes views of a resource as of an ArrayBuffer, without a copy: it stays in flash.
  const resource: object = new Resource(name);
  return new Uint8Array(resource as ArrayBuffer);
};

export const loadIdentity: Environment["loadIdentity"] = () => {
  if (!Resource.exists(certificateName) || !Resource.exists(keyName))
    throw new SettingError(`TLS needs the resources ${certificateName} and ${keyName}: see "npm run certificate".`);
  return { certificates: [loadResource(certificateName)], privateKey: loadResource(keyName) };
};

/** The device has joined its network before the app starts: see wifi.ts. */
export const whenNetworkReady: Environment["whenNetworkReady"] = () => Promise.resolve(Net.get("IP") || "localhost");

export const delay: Environment["delay"] = (delayMs) =>
  new Promise((resolve) => {
    Timer.set(() => {
      resolve();
    }, delayMs);
  });

/** Milliseconds at 2025-01-01: a clock that was not set yet is far before. */
const DATE_IS_VALID_AT = 1_735_689_600_000;

export const whenDateValid: Environment["whenDateValid"] = async () => {
  while (Date.now() < DATE_IS_VALID_AT) await delay(100);
};

export const onExit: Environment["onExit"] = () => {
  // An app of XS ends only by the end of its power, or of the simulator.
};

export const exitWith: Environment["exitWith"] = (error) => {
  // Without its stack: what is wrong is outside of the app.
  trace(`The app cannot go on: ${String(error)}\n`);
};

export const toBase64: Environment["toBase64"] = (bytes) => bytes.toBase64();

export const fromBase64: Environment["fromBase64"] = (text) => Uint8Array.fromBase64(text);

export const log: Environment["log"] = (text) => {
  trace(text, "\n");
};
