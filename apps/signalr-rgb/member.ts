/** The light as a client of a hub elsewhere, which calls `SetColor` and is told `ColorChanged`. */

import { log } from "#environment";
import { HubConnection } from "xs-websockets/signalr/client";
import { isColor, type Light } from "./light.js";

const LAST_DELAY_MS = 30_000;

/** A connection that is not started yet. It is tried for ever. */
export function joinHub(light: Light, url: string): HubConnection {
  const connection = new HubConnection(url, {
    negotiate: true,
    automaticReconnect: {
      nextRetryDelayInMilliseconds: ({ previousRetryCount }) => Math.min(LAST_DELAY_MS, 500 * 2 ** previousRetryCount),
    },
    reconnectOnStart: true,
    reconnectJitter: 0.3,
    onreconnecting: (error) => log(`Lost ${url}: ${error?.message ?? ""}`),
    onreconnected: () => {
      log(`Joined ${url} again.`);
      tell();
    },
    onclose: (error) => log(`Left ${url}: ${error?.message ?? "stopped"}`),
  });
  const tell = (): void => {
    connection.send("ColorChanged", ...light.color).catch((error: unknown) => log(String(error)));
  };
  connection.on("SetColor", (...values: unknown[]) => {
    if (isColor(values)) light.show(values);
    else log("Ignored a colour that is not three integers from 0 to 255.");
  });
  connection.on("GetColor", () => light.color);
  light.onChanged = () => {
    if (connection.state === "Connected") tell();
  };
  return connection;
}
