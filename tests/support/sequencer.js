/** The order of Jest's files: those that take longest begin first, so that no worker is left alone with one at the end. */

import Sequencer from "@jest/test-sequencer";

/** Where Jest does not remember how long they took: as on a clean clone. */
const LONGEST = [
  "leaks/simulator",
  "signalr/smallheap",
  "tls/attacks.simulator",
  "lwip/address",
  "lwip/thread",
  "lwip/contract",
  "apps/esp32",
  "apps/uncaught",
  "apps/secure",
  "apps/wifi.simulator",
  "tls/servers",
  "lwip/conformance",
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((name) => path.endsWith(`tests/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    // The order within a rank stays: the sort is stable.
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
