/** The package that is published, and the projects of examples/ that use it. */

import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findMbedtls } from "../../scripts/sdk.js";
import { readText } from "../project/sources.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { buildIncluding, buildPackage, linkPackage } from "./moddable.js";
import { Declarations } from "./declarations.js";
import { ownProgram, Packed, runIn } from "./packed.js";
import { LONG_MS } from "../support/building.js";

/** What users have no use for. */
const INTERNAL_NAMES = /^(networkError|notOpen|bytesOf|checkFragmentSize|[A-Z_]+_(OPTIONS|DEFAULTS))$/;

const ANSWER = "You said: hello\n";

let packed: Packed;

beforeAll(async () => {
  packed = await Packed.create();
}, LONG_MS);
afterAll(() => {
  packed.remove();
});

function example(name: string): string {
  return path.join(packed.folder, name);
}

function node(name: string, ...parameters: string[]): Promise<string> {
  return runIn(example(name), [process.execPath, ...parameters]);
}

describe("what is published", () => {
  interface Targets {
    readonly types?: string;
    readonly moddable?: string;
    readonly default?: string;
  }

  function read(): Readonly<Record<"exports" | "imports", Readonly<Record<string, Targets | string>>>> {
    return JSON.parse(readFileSync(path.join(packed.installed, "package.json"), "utf8")) as ReturnType<typeof read>;
  }

  function filesIn(folder: string): string[] {
    return readdirSync(path.join(packed.installed, folder), { recursive: true, encoding: "utf8" });
  }

  test("has JavaScript, declarations and sources, and nothing of tests, samples and scripts", () => {
    const top = readdirSync(packed.installed).sort();
    expect(top).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "dist", "hosts", "modules", "package.json"]);
    expect([...filesIn("modules"), ...filesIn("hosts")].filter((name) => /\.test\.|\.(log|o|tgz)$/.test(name))).toEqual(
      [],
    );
  });

  test("every export has declarations and JavaScript in dist/, for XS too, and there is no pattern", () => {
    const wrong = Object.entries(read().exports).filter(([name, targets]) => {
      if (typeof targets === "string") return name !== "./package.json";
      const { types = "", moddable, default: onNode } = targets;
      const stem = types.replace(/\.d\.ts$/, "");
      const isThere = (file: string): boolean => existsSync(path.join(packed.installed, file));
      const scripts = [moddable, onNode].filter((file) => file !== undefined);
      return (
        name.includes("*") || !isThere(types) || !isThere(`${stem}.js`) || scripts.some((file) => file !== `${stem}.js`)
      );
    });
    expect(wrong).toEqual([]);
    const onlyOn = (condition: "moddable" | "default"): string[] =>
      Object.entries(read().exports).flatMap(([name, targets]) =>
        typeof targets !== "string" && targets[condition] === undefined ? [name] : [],
      );
    expect(onlyOn("moddable")).toEqual(["./node"]);
    expect(onlyOn("default")).toEqual(["./moddable"]);
  });

  test("every map in dist/ leads to a source that is there", () => {
    const maps = filesIn("dist").filter((name) => name.endsWith(".map"));
    expect(maps.filter((name) => name.endsWith(".d.ts.map")).length).toBeGreaterThan(20);
    const lost = maps.filter((name) => {
      const file = path.join(packed.installed, "dist", name);
      const { sources } = JSON.parse(readFileSync(file, "utf8")) as { sources: readonly string[] };
      return !sources.every((source) => existsSync(path.resolve(path.dirname(file), source)));
    });
    expect(lost).toEqual([]);
  });

  test("what it declares has nothing that is not for users", () => {
    expect(new Declarations(packed.installed).findInternal()).toEqual([]);
  });

  test("what it exports at run time is for users", () => {
    const values = new Set(Object.values(new Declarations(packed.installed).valuesOf()).flat());
    expect([...values].filter((name) => INTERNAL_NAMES.test(name))).toEqual([]);
  });

  test("publint has nothing to say", async () => {
    const command = [ownProgram("publint/src/cli.js"), "run", packed.installed, "--pack", "false", "--strict"];
    expect(await node(".", ...command)).toContain("All good!");
  });

  test("its types are found by every resolution that takes modules", async () => {
    const command = [ownProgram("@arethetypeswrong/cli/dist/index.js"), packed.tarball, "--profile", "esm-only"];
    expect(await node(".", ...command, "--quiet")).toBe("");
  });
});

describe("a project for Node.js", () => {
  const tsc = (version: "typescript" | "typescript-7"): string => ownProgram(`${version}/bin/tsc`);

  test("of modules", async () => {
    expect(await node("node-esm", "main.js")).toBe(ANSWER);
  });

  test("in CommonJS, by require()", async () => {
    const { require_module: takesModules } = process.features as { require_module?: boolean };
    // Node.js before 20.19 and 22.12 needs a flag.
    const flags = takesModules === true ? [] : ["--experimental-require-module"];
    expect(await node("commonjs", ...flags, "main.js")).toBe(ANSWER);
  });

  test.each(["typescript", "typescript-7"] as const)("in TypeScript with nodenext, by %s", async (version) => {
    expect(await node("typescript-nodenext", tsc(version))).toBe("");
    expect(await node("typescript-nodenext", "dist/main.js")).toBe(ANSWER);
  });

  test.each(["typescript", "typescript-7"] as const)(
    "in TypeScript with bundler and no types of Node.js, by %s",
    async (version) => {
      expect(await node("typescript-bundler", tsc(version))).toBe("");
    },
  );

  // Its script is replaced by the program where that can be started without an ending.
  const esbuild = ownProgram(process.platform === "win32" ? "@esbuild/win32-x64/esbuild.exe" : "esbuild/bin/esbuild");

  test("bundled by esbuild", async () => {
    const options = ["--bundle", "--platform=node", "--format=esm", "--outfile=dist/main.js", "--log-level=error"];
    expect(await runIn(example("typescript-bundler"), [esbuild, "main.ts", ...options])).toBe("");
    expect(await node("typescript-bundler", "dist/main.js")).toBe(ANSWER);
  });
});

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "Linux with the Moddable SDK", "a project for XS", () => {
  /** What an app writes first in the simulator. */
  async function run(build: typeof buildPackage, name: string): Promise<string> {
    if (sdk === undefined) throw new Error("There is no SDK.");
    const simulator = await Simulator.startBuilt(sdk, (library) => build(sdk, packed, example(name), library));
    try {
      return `${await simulator.waitForLine(/./)}\n`;
    } finally {
      await simulator.stop();
    }
  }

  function link(name: string): Promise<string[]> {
    if (sdk === undefined) throw new Error("There is no SDK.");
    return linkPackage(sdk, packed, example(name));
  }

  test(
    "of mcpack, in JavaScript, without TypeScript",
    async () => {
      expect(await run(buildPackage, "moddable-mcpack")).toBe(ANSWER);
    },
    LONG_MS,
  );

  test("of mcpack, in TypeScript with options of its own and no types of the SDK", async () => {
    expect(await node("moddable-typescript", ownProgram("typescript-7/bin/tsc"))).toBe("");
    expect(await link("moddable-typescript")).toContain("xs-websockets/dist/modules/server");
  });

  test(
    "that includes manifest.json",
    async () => {
      expect(await run(buildIncluding, "moddable-include")).toBe(ANSWER);
    },
    LONG_MS,
  );

  test(
    "that includes manifests from git",
    async () => {
      expect(await run(buildIncluding, "moddable-git")).toBe(ANSWER);
    },
    LONG_MS,
  );
});

describeIf(sdk !== undefined && findMbedtls() !== undefined, tlsSimulatorNeeds, "a project for XS with TLS", () => {
  test("of mcpack, has the modules that are asked for at run time", async () => {
    if (sdk === undefined) throw new Error("There is no SDK.");
    const app = example("moddable-tls");
    const manifest = { include: ["../node_modules/xs-websockets/dist/manifest_tls.json"] };
    cpSync(example("moddable-mcpack"), app, { recursive: true });
    const description = { name: "example-moddable-tls", type: "module", exports: "./main.js", moddable: { manifest } };
    writeFileSync(path.join(app, "package.json"), JSON.stringify(description));
    const modules = await linkPackage(sdk, packed, app);
    for (const file of ["hosts/moddable/tls.ts", "hosts/moddable/host/tcplistener.ts"]) {
      const [, asked = ""] = /"xs-websockets\/(tls\/\w+)"/.exec(readText(file)) ?? [];
      expect(modules).toContain(`xs-websockets/${asked}`);
      expect(modules).toContain(`xs-websockets/dist/hosts/moddable/${asked}`);
    }
  });
});
