/** The program of docs/coming-from/moddable.md in the place of one with the client of ECMA-419, on XS. */

import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { WebSocketServer } from "ws";
import { PROJECT, readText } from "../project/sources.js";
import { codeBlocks, sectionOf } from "../support/documentation.js";
import { LONG_MS } from "../support/building.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";

const sdk = findSimulatorSdk();
const APP = path.join("build", "tests", "comingfrom-ecma419");

const MANIFEST = {
  include: ["$(MODDABLE)/examples/manifest_base.json", "../../../modules/manifest_client.json"],
  modules: { "*": "./main" },
};

describeIf(sdk !== undefined, "the Moddable SDK", "the program in the place of one with ECMA-419's client", () => {
  test(
    "a text, bytes and a Pong come, and it closes",
    async () => {
      if (sdk === undefined) return;
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
      await once(server, "listening");
      const [code = ""] = codeBlocks(
        sectionOf(readText("docs/coming-from/moddable.md"), "From the client of ECMA-419"),
        "ts",
      );
      expect(code).toContain("127.0.0.1:8080");
      const folder = path.join(PROJECT, APP);
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(MANIFEST));
      writeFileSync(
        path.join(folder, "main.ts"),
        code.replace("8080", (server.address() as AddressInfo).port.toString()),
      );
      const simulator = await Simulator.start(sdk, APP);
      try {
        await simulator.waitForLine(/^closed/);
        const told = simulator.lines.filter((line) => /^(?:text|\d+ bytes|pong|closed|lost)/.test(line));
        expect(told).toEqual(["text one two", "3 bytes", "pong of 1 bytes", "closed with 1000"]);
      } finally {
        await simulator.stop();
        for (const client of server.clients) client.terminate();
        server.close();
      }
    },
    LONG_MS,
  );
});
