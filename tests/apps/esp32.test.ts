/**
 * What can be checked of ESP32 builds without a toolchain: all JavaScript, with its preload, of every sample; and for
 * boards of each kind what mcconfig has made of the manifests: which LED and which Wi-Fi would run there.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { findSdk, usesTls } from "../../scripts/sdk.js";
import { describeIf } from "../support/describeif.js";
import { LONG_MS } from "../support/building.js";

const PROJECT = path.join(__dirname, "..", "..");

const samples = readdirSync(path.join(PROJECT, "apps")).filter(
  (name) => name !== "environment" && existsSync(path.join(PROJECT, "apps", name, "manifest.json")),
);

/** What the library may take of a device's flash in these apps, byte code and preload: the lines go down only. */
const FLASH_BYTES: Readonly<Record<string, number>> = {
  "rgb-server": 163_200,
  client: 205_900,
  "signalr-rgb": 375_500,
};

/** Builds as `npm run esp32 -- … --check` does. @returns what it prints */
function check(...parameters: readonly string[]): string {
  const command = ["--import", "tsx", "scripts/esp32.ts", ...parameters, "--check"];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: PROJECT, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** What mcconfig and the tools that it calls have generated. */
class Generated {
  readonly folder: string;
  /** The modules that are linked, in the order in which the SDK runs those of setup/. */
  readonly modules: readonly string[];

  constructor(platform: string, app: string) {
    this.folder = path.join(PROJECT, "build", "esp32-check", "tmp", platform, "release", app);
    const scripts = /gxScripts\[mxScriptsCount\] = \{(.*?)\n\};/s.exec(this.read("mc.xs.c"))?.[1] ?? "";
    this.modules = [...scripts.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), "utf8");
  }

  /** `mc/config` as the app sees it. */
  get config(): Readonly<Record<string, unknown>> {
    const text = /Object\.freeze\((\{.*\}), true\)/s.exec(this.read("mc.config.js"))?.[1] ?? "{}";
    return JSON.parse(text.replace(/,\s*\}/g, "}")) as Record<string, unknown>;
  }

  /** The file that a module is compiled from. */
  sourceOf(module: string): string {
    const start = `$(MODULES_DIR)/${module.replace("#", "\\#")}.xsb: `;
    const line = this.read("makefile")
      .split("\n")
      .find((text) => text.startsWith(start));
    return line?.slice(start.length).trim() ?? "";
  }

  /** The define `neopixel` in C. */
  get definedPin(): number | undefined {
    const pin = /#define MODDEF_NEOPIXEL_PIN \((\d+)\)/.exec(this.read("mc.defines.h"))?.[1];
    return pin === undefined ? undefined : Number(pin);
  }
}

describeIf(findSdk() !== undefined, "the Moddable SDK", "npm run esp32 -- APP --check", () => {
  /** What ESP-IDF is configured by. */
  const settingsOf = (platform: string, app: string, project: string): string =>
    readFileSync(path.join(new Generated(platform, app).folder, project, "sdkconfig.mc"), "utf8");

  test.each(samples)(
    "%s compiles and links",
    (name) => {
      const stdout = check(name);
      // The template's module is not in apps/: its name is for a copy.
      expect(stdout).toMatch(name === "template" ? / {2}xs-websockets\/server/ : /\d+ {2}apps\//);
      expect(stdout).toMatch(/\d+ {2}bytes of code of this library/);
      expect(stdout).toMatch(/\d+ {2}slots of its preload/);
      const flash = Number(/(\d+) {2}bytes of flash for this library/.exec(stdout)?.[1]);
      expect(flash).toBeGreaterThan(0);
      expect(flash).toBeLessThanOrEqual(FLASH_BYTES[name] ?? Infinity);
      if (!usesTls(path.join(PROJECT, "apps", name, "manifest.json"))) return;
      const settings = settingsOf("esp32/m5atom_lite", name, "xsProj-esp32");
      expect(settings).toMatch(/^CONFIG_MBEDTLS_DYNAMIC_BUFFER=y$/m);
      // A client looks at its server's certificate.
      expect(settings).toMatch(/^CONFIG_MBEDTLS_SSL_KEEP_PEER_CERTIFICATE=y$/m);
    },
    LONG_MS,
  );

  test(
    "a board with an sdkconfig of its own gets the sample's, too",
    () => {
      check("client", "m5atom_s3");
      const settings = settingsOf("esp32/m5atom_s3", "client", "xsProj-esp32s3");
      expect(settings).toMatch(/^CONFIG_MBEDTLS_SSL_KEEP_PEER_CERTIFICATE=y$/m);
      expect(settings).toMatch(/^CONFIG_ESPTOOLPY_FLASHSIZE_8MB=y$/m);
    },
    LONG_MS,
  );

  /** The LED of a board: the pin of the define, what `led` of its settings says, and the driver that its setup uses. */
  const boards: readonly [
    name: string,
    spellings: readonly string[],
    pin: number | undefined,
    led: object,
    driver: string,
  ][] = [
    ["esp32", ["esp32"], undefined, {}, ""],
    ["esp32/esp32c3", ["esp32c3", "esp32/esp32c3"], undefined, { pin: 8, brightness: 32 }, "neopixel"],
    ["esp32/esp32s3", ["esp32s3", "esp32/esp32s3"], undefined, { pin: 48, brightness: 32 }, "neopixel"],
    ["esp32/m5atom_lite", ["m5atom_lite", "esp32/m5atom_lite"], 27, {}, "neopixel"],
    ["esp32/nodemcu", ["nodemcu", "esp32/nodemcu"], undefined, {}, "led"],
  ];

  test.each(
    boards.flatMap(([platform, spellings, ...led]) => spellings.map((spelling) => [spelling, platform, led] as const)),
  )(
    "rgb-server for %s: %s, its LED, and the Wi-Fi of the samples",
    (spelling, platform, [pin, led, driver]) => {
      expect(check("rgb-server", spelling)).toContain(`rgb-server for ${platform}`);
      const generated = new Generated(platform, "rgb-server");
      const { modules, config } = generated;
      expect(modules).toEqual(expect.arrayContaining(["apps/#led", "apps/findled", "neopixel", "apps/rgb-server"]));
      expect(generated.sourceOf("apps/#led")).toContain("led/board.js");
      expect(generated.definedPin).toBe(pin);
      // A rainbow of the board's setup would paint over every colour.
      expect(config["led"]).toEqual({ ...led, rainbow: false });
      expect(config["port"]).toBe("80");
      // With their requests more would need more sockets than lwIP has.
      expect(config["clients"]).toBe("5");
      // The board's setup comes before red is shown: it makes the LED.
      const setups = modules.filter((name) => name.startsWith("setup/"));
      expect(setups).toEqual([...(driver === "" ? [] : ["setup/target"]), "setup/network", "setup/nonetwork"]);
      if (driver !== "") expect(readFileSync(generated.sourceOf("setup/target"), "utf8")).toContain(`from "${driver}"`);
      expect(generated.sourceOf("setup/network")).toMatch(/apps\/environment\/wifi\.js$/);
    },
    LONG_MS,
  );

  test(
    "a board with a cable keeps the SDK's setup",
    () => {
      check("rgb-server", "wt32_eth01");
      const generated = new Generated("esp32/wt32_eth01", "rgb-server");
      expect(generated.modules).toContain("setup/ethernet");
      expect(generated.sourceOf("setup/network")).toMatch(/devices\/esp32\/setup\/network\.js$/);
    },
    LONG_MS,
  );

  test(
    "a define in the app's manifest is what a board without LED shows its colours on",
    () => {
      check("../tests/apps/xs/defined", "esp32");
      expect(new Generated("esp32", "defined").definedPin).toBe(13);
    },
    LONG_MS,
  );

  test("TCP and Listener are ours; the SDK's UDP and its class Socket stay", () => {
    const folder = path.join(PROJECT, "build", "esp32-check", "tmp", "esp32", "m5atom_lite", "release", "rgb-server");
    const makefile = readFileSync(path.join(folder, "makefile"), "utf8");
    const isCompiled = (file: string): boolean => makefile.includes(`${file} $(HEADERS)`);
    const ours = readdirSync(path.join(PROJECT, "hosts", "moddable", "lwip")).filter((name) => name.endsWith(".c"));
    expect(ours.filter((name) => !isCompiled(path.join(PROJECT, "hosts", "moddable", "lwip", name)))).toEqual([]);
    expect(isCompiled("/modules/io/socket/lwip/tcp.c")).toBe(false);
    expect(isCompiled("/modules/io/socket/lwip/udp.c")).toBe(true);
    const linked = readFileSync(path.join(folder, "mc.xs.c"), "utf8");
    expect(linked).toContain("xs_websockets_tcp_constructor");
    expect(linked).toContain("xs_websockets_listener_constructor");
    expect(linked).not.toContain("xs_tcp_constructor");
    expect(linked).not.toContain("xs_listener_constructor");
    expect(linked).toContain("xs_udp_constructor");
    expect(linked).toContain("xs_socket");
  });
});
