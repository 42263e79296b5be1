import { describeCases } from "./suite.js";

describeCases("address", ["tls"]);
