/**
 * Joins the Wi-Fi of the settings `ssid` and `password` before the app starts, and again whenever it is lost. Stands in
 * the place of the SDK's setup/network, which tries once, and starts the app where it knows no Wi-Fi.
 */

import WiFi from "embedded:network/interface/wifi";
import config from "mc/config";
import SNTP from "sntp";
import Time from "time";
import Timer from "timer";

const RETRY_MS = 5_000;
const REMIND_MS = 10_000;

/** What `connection` of a WiFi is, from up and until down. */
const HAS_ADDRESS = 500;
const IS_LET_IN = 400;
const IS_AWAY = 200;

/** How many networks are named where the right one is not to be found. */
const MAX_NAMES = 12;

const settings = config as Readonly<Record<string, unknown>>;
const ssid = settingOf("ssid");
const password = settingOf("password");

function settingOf(name: string): string {
  const value = settings[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Run by the SDK before the app, as every module whose name begins with "setup/". @param done starts the app */
export default function joinWifi(done: () => void): void {
  if (ssid === "") {
    remind();
    return;
  }
  let isJoined = false;
  let isStarted = false;
  const wifi = new WiFi({
    onChanged() {
      const { connection } = wifi;
      if (connection >= HAS_ADDRESS && !isJoined) {
        isJoined = true;
        trace(`Joined the Wi-Fi "${ssid}" as ${wifi.address ?? "?"}.\n`);
        if (isStarted) return;
        isStarted = true;
        askForDate();
        done();
      } else if (connection >= IS_LET_IN && !isJoined) {
        trace(`The Wi-Fi "${ssid}" lets the device in. Waiting for an address.\n`);
      } else if (connection <= IS_AWAY) {
        if (isJoined) trace(`The Wi-Fi "${ssid}" is lost. Trying again.\n`);
        else explain(wifi);
        isJoined = false;
        Timer.set(connect, RETRY_MS);
      }
    },
  });
  function connect(): void {
    try {
      wifi.connect(password === "" ? { SSID: ssid } : { SSID: ssid, password });
    } catch (error) {
      trace(`The Wi-Fi "${ssid}" cannot be tried: ${String(error)}\n`);
      Timer.set(connect, RETRY_MS);
    }
  }
  trace(`Joining the Wi-Fi "${ssid}".\n`);
  connect();
}

/** Without a network an app of this kind is of no use: it does not start, and whoever looks later is told, too. */
function remind(): void {
  trace('No Wi-Fi: build with ssid="your network" password="its password".\n');
  Timer.set(remind, REMIND_MS);
}

/** Tells whether a network that cannot be joined is there at all. */
function explain(wifi: WiFi): void {
  const names: string[] = [];
  const tell = (why: string): void => trace(`The Wi-Fi "${ssid}" cannot be joined: ${why} Trying again.\n`);
  try {
    wifi.scan({
      onFound({ SSID }) {
        if (SSID !== "" && !names.includes(SSID) && (names.length < MAX_NAMES || SSID === ssid)) names.push(SSID);
      },
      onComplete() {
        if (names.includes(ssid)) {
          tell("it is in reach, so the password is most likely wrong.");
        } else {
          const found =
            names.length === 0 ? "nothing is" : `in reach are ${names.map((name) => `"${name}"`).join(", ")}`;
          tell(`it is not in reach; ${found}. An ESP32 knows 2.4 GHz only, and letter case matters.`);
        }
      },
    });
  } catch {
    tell("the password is wrong, or it is not in reach.");
  }
}

/** Certificates can be verified when the date is known. An app that needs it waits for it; others do not. */
function askForDate(): void {
  const host = settingOf("sntp");
  if (host === "") return;
  new SNTP({ host }, (message, value) => {
    if (message === SNTP.time && value !== undefined) Time.set(value);
    if (message !== SNTP.error) return undefined;
    trace(`The time server ${host} does not answer. Asking again.\n`);
    return host;
  });
}
