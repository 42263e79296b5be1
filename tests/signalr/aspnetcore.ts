/** Runs tests/interop/dotnet/SignalRServer. */

import type { Issued } from "../../apps/tls-echo/certificates.js";
import { runDotnet } from "../support/dotnet.js";

/** A server that runs. */
export interface AspNetCore {
  /** That of its hub. */
  readonly url: string;
  /** The same with TLS; "" without a certificate. */
  readonly tlsUrl: string;
  /** Ends it without a good-bye. */
  kill(): void;
  stop(): Promise<void>;
}

/** Starts a server. @param issued what it shows over TLS */
export async function startAspNetCore(issued?: Issued): Promise<AspNetCore> {
  const environment: Record<string, string> =
    issued === undefined ? {} : { TEST_CERTIFICATES: issued.certificatesPem, TEST_KEY: issued.privateKeyPem };
  const program = runDotnet("SignalRServer", [], environment);
  const hubAt = async (scheme: string): Promise<string> => {
    const line = await program.waitForLine(new RegExp(`^listening on ${scheme}:`));
    return `${line.replace("listening on ", "")}/hub`;
  };
  return {
    url: await hubAt("http"),
    tlsUrl: issued === undefined ? "" : await hubAt("https"),
    kill: () => void program.process.kill("SIGKILL"),
    stop: () => program.stop(),
  };
}
