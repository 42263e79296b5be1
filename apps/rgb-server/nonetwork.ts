/** A device is red until the SDK's setup/network has joined the Wi-Fi and starts the app. */

import { led } from "apps/#led";

/** Run by the SDK before the app, as every module whose name begins with "setup/". */
export default function showNoNetwork(done: () => void): void {
  led.setColor(255, 0, 0);
  done();
}
