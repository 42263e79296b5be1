/** All cases. */

import type { Case, Side } from "./case.js";
import { clientHandshakeCases } from "./cases/clienthandshake.js";
import { closingCases } from "./cases/closing.js";
import { controlCases } from "./cases/control.js";
import { deflateCases } from "./cases/deflate.js";
import { deflateFrameCases } from "./cases/deflateframes.js";
import { deflateNegotiationCases } from "./cases/deflatenegotiation.js";
import { framingCases } from "./cases/framing.js";
import { limitCases } from "./cases/limits.js";
import { serverHandshakeCases } from "./cases/serverhandshake.js";
import { textCases } from "./cases/text.js";
import { PROFILE_NAMES } from "./profiles.js";

const ALL = [framingCases, controlCases, textCases, closingCases, limitCases];
const DEFLATE = [deflateCases, deflateFrameCases, deflateNegotiationCases];

/**
 * The cases of a side, those that take longest first: what runs beside them costs no time then.
 *
 * @param names the profiles that are tested
 */
export function casesFor(side: Side, names = PROFILE_NAMES): Case[] {
  const cases = [
    ...(side === "server" ? serverHandshakeCases() : clientHandshakeCases()),
    ...[...ALL, ...DEFLATE].flatMap((make) => make()),
  ].filter((row) => row.side === side && names.includes(row.profile));
  return cases.sort((a, b) => Number(b.isBig === true) - Number(a.isBig === true));
}
