import { describeCases } from "./suite.js";

describeCases("plain");
