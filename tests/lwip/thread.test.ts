import { describeCases } from "./suite.js";

describeCases("thread");
