/**
 * Stands for the SDK's Wi-Fi, and behaves as its C source does: an attempt that fails is told once, as `connection` 200,
 * and is not repeated; an address is told twice. Each attempt has the next outcome of the setting `outcomes`:
 * "refused" (the network is in reach), "absent", "throws", "lost" (joined, and lost a moment later), "joined".
 */

import config from "mc/config";
import Timer from "timer";

const { ssid = "", outcomes = "" } = config as { readonly ssid?: string; readonly outcomes?: string };
const EVENT_MS = 20;

interface ScanOptions {
  readonly onFound: (found: { readonly SSID: string }) => void;
  readonly onComplete: () => void;
}

export default class WiFi {
  connection = 200;
  address: string | undefined = undefined;
  readonly #onChanged: () => void;
  readonly #outcomes = outcomes.split(",");
  #inReach: readonly string[] = [];

  constructor({ onChanged }: { readonly onChanged: () => void }) {
    this.#onChanged = onChanged;
  }

  connect(options: { readonly SSID: string; readonly password?: string }): void {
    const outcome = this.#outcomes.shift() ?? "joined";
    trace(`connect ${JSON.stringify(options)}\n`);
    if (this.connection === 300) throw new Error("already connecting");
    if (outcome === "throws") throw new Error("connect failed");
    this.#inReach = outcome === "refused" ? ["neighbour", ssid, "neighbour"] : ["neighbour", ""];
    this.connection = 300;
    Timer.set(() => {
      if (outcome === "joined" || outcome === "lost") this.#join(outcome === "lost");
      else this.#change(200);
    }, EVENT_MS);
  }

  scan({ onFound, onComplete }: ScanOptions): void {
    Timer.set(() => {
      for (const SSID of this.#inReach) onFound({ SSID });
      onComplete();
    }, EVENT_MS);
  }

  #join(isLostSoon: boolean): void {
    this.#change(400);
    this.address = "192.0.2.7";
    this.#change(500);
    this.#change(500);
    if (isLostSoon) Timer.set(() => this.#change(200), EVENT_MS);
  }

  #change(connection: number): void {
    this.connection = connection;
    this.#onChanged();
  }
}
