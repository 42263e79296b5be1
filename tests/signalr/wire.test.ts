/** Everything that a client may write to a hub, beside ASP.NET Core's. docs/signalr.md lists where they differ. */

import { describeIf } from "../support/describeif.js";
import { buildDotnet } from "../support/dotnet.js";
import { startAspNetCore, type AspNetCore } from "./aspnetcore.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { answersTo, statusOf } from "./wirepeer.js";
import { HANDSHAKES, RECORDS, REFUSED, REQUESTS, type Variant } from "./wirevariants.js";

/** What a hub answers a handshake with that is none: the text is each one's own. */
const REFUSED_HANDSHAKE = /^\{"error":".+"\} closed 1000$/;

function testAll(url: () => string, outcomeOf: (variant: Variant) => string | undefined, isHere: boolean): void {
  const known = (variants: readonly Variant[]): (readonly [string, Variant, string])[] =>
    variants.flatMap((variant) => {
      const outcome = outcomeOf(variant);
      return outcome === undefined ? [] : [[variant.name, variant, outcome] as const];
    });

  test.each(known(HANDSHAKES))("a handshake: %s", async (_name, { messages }, outcome) => {
    const answers = await answersTo(url(), messages, true);
    if (outcome === REFUSED) expect(answers).toMatch(REFUSED_HANDSHAKE);
    else expect(answers).toBe(outcome);
  });

  test.each(known(RECORDS))("a record: %s", async (_name, { messages }, outcome) => {
    expect(await answersTo(url(), messages, false)).toBe(outcome);
  });

  test.each(REQUESTS)("a request: %s %s", async (method, target, here, there) => {
    expect(await statusOf(url(), method, target)).toBe(isHere ? here : there);
  });
}

beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

describe("HubServer", () => {
  let node: NodeHub;

  beforeAll(async () => {
    node = await startNodeHub({ maximumReceiveMessageSize: 32_768, maximumParallelInvocationsPerClient: 4 });
  });
  afterAll(() => node.stop());

  testAll(
    () => node.url,
    ({ here }) => here,
    true,
  );
});

describeIf(buildDotnet("SignalRServer").isBuilt, "the .NET 10 SDK (dotnet)", "ASP.NET Core", () => {
  let aspNetCore: AspNetCore;

  beforeAll(async () => {
    aspNetCore = await startAspNetCore();
  });
  afterAll(() => aspNetCore.stop());

  testAll(
    () => aspNetCore.url,
    ({ there }) => there,
    false,
  );
});
