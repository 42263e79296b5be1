/** The soak's part on XS: a server for clients on Node.js, and clients of a server there. */

import { SoakLoad, type SoakPlan, startSoakServer } from "../../bench/soakload.js";
import { serveControl } from "../control.js";
import { measureMemory } from "../memory.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

async function main(): Promise<void> {
  const server = await startSoakServer();
  let load: SoakLoad | undefined;
  const controlPort = await serveControl({
    async start(plan: SoakPlan) {
      load = new SoakLoad(plan);
      await load.start();
    },
    replace: () => load?.replaceOne(),
    figures: () => load?.figures,
    async stop() {
      await load?.stop();
      const figures = load?.figures;
      load = undefined;
      return figures;
    },
    memory: () => ({ ...measureMemory(), clients: server.clientsCount }),
  });
  trace(`ports ${controlPort} ${server.port}\n`);
}

void main();
