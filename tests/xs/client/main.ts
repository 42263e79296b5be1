import { reconnectingTests } from "../../client/reconnectingsuite.js";
import { clientTests } from "../../client/suite.js";
import { runTests } from "../harness.js";
import { loadSettings, tellUncaught } from "../suitesettings.js";

tellUncaught();

async function main(): Promise<void> {
  const settings = await loadSettings();
  await runTests({ ...clientTests(settings, true), ...reconnectingTests(settings) });
}

void main();
