import type { Defaults, Settings } from "./settings.js";

/** What a sample app needs of the place where it runs. `#environment` is a module that exports these. */
export interface Environment {
  /**
   * The app's settings. Moddable: the manifest's `config` and `name=value` of the command line of mcconfig; Node:
   * `name=value` of the command line, and the variable PORT. Where they are right it logs the version of the library.
   *
   * @param defaults all settings that the app knows, by the name and the kind of their value
   * @throws SettingError where a value is wrong, or on Node a name; unless the app catches it, it ends the app with a line
   */
  readSettings<D extends Defaults>(defaults: D): Settings<D>;
  /**
   * The bytes of a file that comes with the app; they are not to be changed.
   *
   * @throws where there is no such file
   */
  loadResource(name: string): Uint8Array;
  /**
   * The certificate and the key that `npm run certificate` has made: on a device and in the simulator its resources
   * "device-certificate.der" and "device-key.der".
   *
   * @throws SettingError where there are none
   */
  loadIdentity(): { readonly certificates: readonly Uint8Array[]; readonly privateKey: Uint8Array };
  /**
   * Fulfilled when sockets can be used: on a device, when it is connected to its network.
   *
   * @returns the name or IP address by which a browser finds the app
   */
  whenNetworkReady(): Promise<string>;
  /** Fulfilled when the clock tells today's date: on a device, when it has asked a time server. */
  whenDateValid(): Promise<void>;
  /** Fulfilled after `delayMs` milliseconds. */
  delay(delayMs: number): Promise<void>;
  /** Calls `callback` before the app ends, where an app can end. */
  onExit(callback: () => Promise<void>): void;
  /** Reports an error that the app cannot go on after, and ends the app where an app can end. */
  exitWith(error: unknown): void;
  /** Bytes in base64 (RFC 4648, 4), by native code. */
  toBase64(bytes: Uint8Array): string;
  /** The bytes of a text in base64. */
  fromBase64(text: string): Uint8Array;
  /** Writes one line for whoever watches the app. */
  log(text: string): void;
}
