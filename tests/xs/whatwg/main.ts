import { whatwgTests } from "../../whatwg/suite.js";
import { runTests } from "../harness.js";
import { loadSettings, tellUncaught } from "../suitesettings.js";

tellUncaught();

async function main(): Promise<void> {
  await runTests(whatwgTests(await loadSettings(), false));
}

void main();
