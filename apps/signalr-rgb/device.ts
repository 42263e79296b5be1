/** The light as a hub on the device, and its page. */

import { delay, loadResource, log } from "#environment";
import { claimHostname } from "#hostname";
import { led } from "#led";
import { HttpListener, type HttpListenerContext } from "xs-websockets/http";
import { HubException, HubServer } from "xs-websockets/signalr/server";
import { isColor, type Light } from "./light.js";

/** What the stream `Samples` has: the time in seconds, and how bright the light is, 0 to 1. */
interface Sample {
  readonly seconds: number;
  readonly brightness: number;
}

const MIN_INTERVAL_MS = 100;
const MAX_INTERVAL_MS = 60_000;

/** The files of the page. On a device all are resources of the app, without their folder. */
const FILES: readonly (readonly [path: string, folder: string, name: string, type: string])[] = [
  ["/", "", "index.html", "text/html"],
  ["/style.css", "../rgb-server/", "style.css", "text/css"],
  // Where npm has put the official client.
  ["/signalr.min.js", "../../node_modules/@microsoft/signalr/dist/browser/", "signalr.min.js", "text/javascript"],
];

/** The hub. */
export class DeviceHub {
  private readonly light: Light;
  private readonly listener: HttpListener;
  private readonly hub: HubServer;

  constructor(light: Light, port: number) {
    this.light = light;
    this.listener = new HttpListener({ port, onRequest: answer });
    this.hub = new HubServer(this.listener, "/hub", {
      methods: {
        SetColor: (_context, ...values: unknown[]) => {
          if (!isColor(values)) throw new HubException("A colour is three integers from 0 to 255.");
          light.show(values);
        },
        GetColor: () => light.color,
        Samples: (_context, intervalMs: number) => this.sample(intervalMs),
      },
      onConnected: ({ clients }) => {
        clients.caller.send("ColorChanged", ...light.color);
        this.tellClients();
      },
      onDisconnected: () => this.tellClients(),
    });
    light.onChanged = (color) => this.hub.clients.all.send("ColorChanged", ...color);
  }

  async start(address: string): Promise<void> {
    await this.hub.start();
    await this.listener.start();
    log(this.urlOf(address));
    led.showAddress?.(this.urlOf(address));
  }

  /** Claims a name in the network. */
  async announce(hostname: string): Promise<void> {
    const name = await claimHostname(hostname, this.listener.port);
    if (name === undefined) return;
    led.showName?.(this.urlOf(name));
    log(this.urlOf(name));
  }

  /** Says good-bye: pages try again. */
  async stop(): Promise<void> {
    await this.hub.stop({ allowReconnect: true });
    this.listener.stop();
  }

  private urlOf(host: string): string {
    const { port } = this.listener;
    return `http://${host}${port === 80 ? "" : `:${port}`}/`;
  }

  private tellClients(): void {
    led.showClients?.(this.hub.clientsCount);
    this.hub.clients.all.send("ClientsChanged", this.hub.clientsCount);
  }

  private async *sample(intervalMs: number): AsyncGenerator<Sample, void, undefined> {
    if (!(intervalMs >= MIN_INTERVAL_MS && intervalMs <= MAX_INTERVAL_MS))
      throw new HubException(`An interval is from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS} ms.`);
    for (let count = 0; ; count++) {
      const [red, green, blue] = this.light.color;
      // Rec. 709: how bright each colour is to the eye.
      const brightness = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
      yield { seconds: (count * intervalMs) / 1_000, brightness: Math.round(brightness * 1_000) / 1_000 };
      await delay(intervalMs);
    }
  }
}

function answer({ request, response }: HttpListenerContext): void {
  const file = FILES.find(([path]) => path === request.path);
  if (file === undefined) {
    response.statusCode = 404;
    response.close();
    return;
  }
  const [path, folder, name, type] = file;
  response.contentType = `${type}; charset=utf-8`;
  if (path !== "/") response.setHeader("Cache-Control", "max-age=86400");
  response.close(load(folder, name));
}

function load(folder: string, name: string): Uint8Array {
  try {
    return loadResource(name);
  } catch {
    return loadResource(folder + name);
  }
}
