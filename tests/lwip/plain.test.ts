/** Without sanitizers: only what is measured; "address" and "thread" run all cases. So does "npm run lwip -- plain". */

import { describeCases } from "./suite.js";

describeCases("plain", ["figures"]);
