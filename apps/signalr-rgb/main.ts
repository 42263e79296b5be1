/**
 * The RGB light as a SignalR hub: a page that is served by the device calls `SetColor`, hears `ColorChanged` and reads
 * the stream `Samples`. With the setting `hub`, such as hub=https://example.org/lights, the device joins a hub elsewhere
 * instead, as its client.
 */

import { exitWith, onExit, readSettings, whenDateValid, whenNetworkReady } from "#environment";
import { DeviceHub } from "./device.js";
import { type Color, Light } from "./light.js";
import { joinHub } from "./member.js";

/** Until then a device is red: see ../rgb-server/nonetwork.ts. */
const READY: Color = [0, 255, 0];

async function main(): Promise<void> {
  const { port, hub: url, hostname } = readSettings({ port: 8080, hub: "", hostname: "rgb" });
  const light = new Light();
  const address = await whenNetworkReady();
  if (url === "") {
    const device = new DeviceHub(light, port);
    onExit(() => device.stop());
    await device.start(address);
    light.show(READY);
    await device.announce(hostname);
    return;
  }
  // A certificate is valid for a time, which a device has to know.
  if (url.startsWith("https:") || url.startsWith("wss:")) await whenDateValid();
  const connection = joinHub(light, url);
  onExit(() => connection.stop());
  await connection.start();
  light.show(READY);
}

main().catch(exitWith);
