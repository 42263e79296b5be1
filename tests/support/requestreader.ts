import { HttpHeadReader, type HttpHeadRules, type SpareOwner } from "../../modules/http/head.js";

/** Reads the head of a request of which everything is kept. */
export function createRequestReader(
  maxHeadBytes = 4_096,
  rules: Partial<HttpHeadRules> = {},
  spareOwner?: SpareOwner,
): HttpHeadReader {
  const all = { maxHeadBytes, maxKeptHeadBytes: 65_536, needed: [], isAnswer: false };
  return new HttpHeadReader({ ...all, ...rules }, spareOwner);
}
