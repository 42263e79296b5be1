/** The shared vectors of the frame layer, on XS. */

import { runAllVectors } from "../../protocol/vectors.js";

let passed = 0;
let failed = 0;
runAllVectors((name, error) => {
  if (error === undefined) passed += 1;
  else failed += 1;
  trace(error === undefined ? `ok ${name}\n` : `not ok ${name}: ${error}\n`);
});
trace(`done ${passed} passed, ${failed} failed\n`);
