/** A network of its own: a namespace of Linux with a TAP, whose other end is the device. For root. */

import { spawnSync } from "node:child_process";

import type { Network } from "./bench.js";

export const TAP_NETWORK: Network = {
  environment: { LWIP_WIRE: "tap:lwip0", LWIP_ADDRESS: "10.77.0.2", LWIP_GATEWAY: "10.77.0.1" },
  deviceAddress: "10.77.0.2",
  peerAddress: "10.77.0.1",
  nobody: "10.77.0.99",
};

/** Within the namespace. */
const setUp = [
  "ip link set lo up",
  "ip tuntap add dev lwip0 mode tap",
  "ip address add 10.77.0.1/24 dev lwip0",
  "ip link set lwip0 up",
].join(" && ");

/** The command that runs another in such a namespace, which goes when that ends. */
export function inNamespace(command: readonly string[]): readonly [program: string, ...parameters: string[]] {
  return ["unshare", "--net", "sh", "-c", `${setUp} && exec "$@"`, "sh", ...command];
}

/** Whether this machine lets us do that. */
export function canUseTap(): boolean {
  const [program, ...parameters] = inNamespace(["true"]);
  return process.platform === "linux" && spawnSync(program, parameters).status === 0;
}

export const missingTap = "root, /dev/net/tun, unshare and ip";
