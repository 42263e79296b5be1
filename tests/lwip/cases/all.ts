/** All cases, in groups. */

import type { Case } from "../bench.js";
import { closingCases } from "./closing.js";
import { connectingCases } from "./connecting.js";
import { cycleCases } from "./cycles.js";
import { endingCases } from "./endings.js";
import { figureCases } from "./figures.js";
import { floodCases } from "./floods.js";
import { handoverCases } from "./handover.js";
import { memoryCases } from "./memory.js";
import { threadCases } from "./threads.js";
import { tlsCases } from "./tls.js";
import { volumeCases } from "./volume.js";

export const CASES: Readonly<Record<string, readonly Case[]>> = {
  "hand-over": handoverCases,
  endings: endingCases,
  connecting: connectingCases,
  volume: volumeCases,
  closing: closingCases,
  cycles: cycleCases,
  memory: memoryCases,
  threads: threadCases,
  figures: figureCases,
  tls: tlsCases,
  floods: floodCases,
};

/** The programs of groups that need TLS. */
export const SECURED: Readonly<Record<string, string>> = {
  tls: "tests/lwip/xs/tls",
  floods: "tests/lwip/xs/tls/small",
};
