import "./globals.js";
import config from "mc/config";
import { runTests } from "../../xs/harness.js";
import { tellUncaught } from "../../xs/suitesettings.js";
import { libraryTests, type LibrarySettings } from "../suite.js";

tellUncaught();

void runTests(libraryTests(config as unknown as LibrarySettings));
