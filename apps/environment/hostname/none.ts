/** `#hostname` on Node.js, where the computer has a name of its own, and in the simulator on Linux: its sockets join no group. */

import type { Hostname } from "./hostname.js";

export const claimHostname: Hostname["claimHostname"] = () => Promise.resolve(undefined);
