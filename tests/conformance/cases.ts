/** All cases. */

import type { Case, Side } from "./case.js";
import { clientHandshakeCases } from "./cases/clienthandshake.js";
import { closingCases } from "./cases/closing.js";
import { controlCases } from "./cases/control.js";
import { framingCases } from "./cases/framing.js";
import { limitCases } from "./cases/limits.js";
import { serverHandshakeCases } from "./cases/serverhandshake.js";
import { textCases } from "./cases/text.js";

/** The cases of a side, those that take longest first: what runs beside them costs no time then. */
export function casesFor(side: Side): Case[] {
  const cases = [
    ...(side === "server" ? serverHandshakeCases() : clientHandshakeCases()),
    ...[framingCases, controlCases, textCases, closingCases, limitCases].flatMap((make) => make()),
  ].filter((row) => row.side === side);
  return cases.sort((a, b) => Number(b.isBig === true) - Number(a.isBig === true));
}
