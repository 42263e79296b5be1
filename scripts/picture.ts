/**
 * npm run picture: makes docs/rgb.webp, the moving picture of README.md: two windows of Chromium and the simulator's screen, which
 * is the server. Linux only, with the Moddable SDK, Xvfb, Chromium and ImageMagick.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { launchChromium } from "../tests/support/chromium.js";
import { findSimulatorSdk, type Screenshot, Simulator } from "../tests/support/simulator.js";
import { runScript, UsageError } from "./commandline.js";

const OUTPUT = path.join("docs", "rgb.webp");
const MAX_BYTES = 400 * 1_024;

/** A window as on a phone, and how large it is in the picture. */
const WINDOW = { width: 360, height: 726 };
const SHOWN = { width: 240, height: 484 };
/** The screen of the simulator's default device. */
const SCREEN = { width: 240, height: 320 };
const GAP = 24;

/** What shows where somebody presses. */
const FINGER = `(() => {
  const finger = document.createElement("div");
  finger.id = "finger";
  finger.style = "position: fixed; width: 34px; height: 34px; margin: -17px; border-radius: 50%; left: -99px; " +
    "background: #0008; border: 3px solid #fffc; pointer-events: none; z-index: 1";
  document.body.append(finger);
})()`;

/** A part of a picture. */
interface Area {
  readonly left: number;
  readonly top: number;
}

/** Takes the frames of a film. */
class Camera {
  private readonly folder: string;
  private readonly pages: readonly Page[];
  private readonly simulator: Simulator;
  private readonly screen: Area;
  private readonly frames: { readonly file: string; readonly centiseconds: number }[] = [];

  constructor(folder: string, pages: readonly Page[], simulator: Simulator, screen: Area) {
    this.folder = folder;
    this.pages = pages;
    this.simulator = simulator;
    this.screen = screen;
  }

  /** @param ms how long the frame is shown */
  async shoot(ms: number): Promise<void> {
    const [screen, ...windows] = await Promise.all([
      this.simulator.screenshot(),
      ...this.pages.map((page) => page.screenshot()),
    ]);
    const file = (name: string): string => path.join(this.folder, `${this.frames.length}-${name}`);
    const parts = windows.flatMap((bytes, index) => {
      writeFileSync(file(`${index}.png`), bytes);
      const left = GAP + index * (SHOWN.width + GAP);
      return ["(", file(`${index}.png`), "-resize", sizeOf(SHOWN), ")", "-geometry", `+${left}+${GAP}`, "-composite"];
    });
    writeFileSync(file("screen.rgb"), screen.pixels);
    const { left, top } = this.screen;
    const cut = ["-crop", `${sizeOf(SCREEN)}+${left}+${top}`, "+repage", "-bordercolor", "#15171c", "-border", "10"];
    const place = `+${GAP + 2 * (SHOWN.width + GAP)}+${GAP + (SHOWN.height - SCREEN.height - 20) / 2}`;
    const raw = ["-size", sizeOf(screen), "-depth", "8", `rgb:${file("screen.rgb")}`];
    const total = { width: 4 * GAP + 3 * SHOWN.width + 20, height: SHOWN.height + 2 * GAP };
    const canvas = ["-size", sizeOf(total), "xc:#d5d9e2"];
    magick(...canvas, ...parts, "(", ...raw, ...cut, ")", "-geometry", place, "-composite", file("frame.png"));
    this.frames.push({ file: file("frame.png"), centiseconds: Math.round(ms / 10) });
  }

  save(output: string): void {
    // ImageMagick gives a frame of WebP the time of the one behind it.
    const delayOf = (index: number): string => String(this.frames[index]?.centiseconds ?? 0);
    const frames = this.frames.flatMap(({ file }, index) => ["-delay", delayOf(index - 1), file]);
    magick(...frames, "-loop", "0", "-quality", "75", "-define", "webp:method=6", output);
  }
}

function sizeOf({ width, height }: { readonly width: number; readonly height: number }): string {
  return `${width}x${height}`;
}

function magick(...parameters: readonly string[]): void {
  execFileSync("convert", parameters);
}

/** Where the simulator's screen is, whose upper part has the colour. */
function findScreen({ width, pixels }: Screenshot, [red, green, blue]: readonly number[]): Area {
  for (let at = 0; at < pixels.length; at += 3) {
    if (pixels[at] !== red || pixels[at + 1] !== green || pixels[at + 2] !== blue) continue;
    return { left: (at / 3) % width, top: Math.floor(at / 3 / width) };
  }
  throw new Error("The simulator's screen is not to be seen.");
}

/** Puts the finger on a place of a control. @param part 0 for its left end, 1 for its right */
async function point(control: Locator, part: number): Promise<void> {
  const box = await control.boundingBox();
  if (box === null) throw new Error("A control is not to be seen.");
  const [left, top] = [box.x + part * box.width, box.y + box.height / 2];
  await control.page().evaluate(`Object.assign(finger.style, { left: "${left}px", top: "${top}px" })`);
}

function lift(page: Page): Promise<void> {
  return page.evaluate(`void (finger.style.left = "-99px")`);
}

async function tap(camera: Camera, page: Page, name: string): Promise<void> {
  const control = page.getByRole("button", { name });
  await point(control, 0.6);
  await camera.shoot(300);
  await control.click();
  await page.waitForTimeout(250);
  await camera.shoot(300);
  await lift(page);
  await camera.shoot(600);
}

/** What happens in the picture. */
async function play(camera: Camera, one: Page, other: Page): Promise<void> {
  await camera.shoot(700);
  const hue = one.locator("#h");
  for (let value = 120; value <= 285; value += 27) {
    await hue.fill(String(value));
    await point(hue, 0.04 + (0.92 * value) / 360);
    await one.waitForTimeout(150);
    await camera.shoot(150);
  }
  await lift(one);
  await camera.shoot(600);
  await tap(camera, other, "Orange");
  await tap(camera, one, "Rainbow");
  for (let frame = 0; frame < 8; frame++) {
    await one.waitForTimeout(150);
    await camera.shoot(200);
  }
  await tap(camera, other, "Green");
}

runScript(async () => {
  const sdk = findSimulatorSdk();
  if (sdk === undefined) throw new UsageError("npm run picture needs Linux with the Moddable SDK.");
  const folder = mkdtempSync(path.join(tmpdir(), "picture-"));
  const simulator = await Simulator.start(sdk, "apps/rgb-server", ["port=0"]);
  const browser = await launchChromium();
  try {
    const url = await simulator.waitForLine(/^http:/, 30_000);
    const pages: Page[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.newPage({ viewport: WINDOW, colorScheme });
      await page.goto(url);
      await page.locator("main.on").waitFor();
      await page.evaluate(FINGER);
      pages.push(page);
    }
    const [one, other] = pages;
    if (one === undefined || other === undefined) throw new Error("There are two windows.");
    // The simulator's screen has 5, 6 and 5 bits for a colour: this is the green it begins with.
    const screen = findScreen(await simulator.screenshot(), [0, 252, 0]);
    const camera = new Camera(folder, pages, simulator, screen);
    await play(camera, one, other);
    camera.save(OUTPUT);
  } finally {
    await browser.close();
    await simulator.stop();
    rmSync(folder, { recursive: true });
  }
  const { size } = statSync(OUTPUT);
  process.stdout.write(`${OUTPUT}: ${Math.ceil(size / 1_024)} KB\n`);
  if (size > MAX_BYTES) throw new Error(`${OUTPUT} is larger than ${MAX_BYTES / 1_024} KB.`);
  return 0;
});
