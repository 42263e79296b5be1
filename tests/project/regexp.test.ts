import { listSources, readText } from "./sources.js";

/** A literal at a place where no division can stand, or the constructor. */
const REGEXP = /(?:[(,=:[!&|?{};]|\breturn|=>)\s*\/(?![/*\s])(?:\\.|[^/\\\n])+\/[dgimsuvy]*|\bRegExp\(/;

const PLACES = [
  "modules",
  "hosts/moddable",
  "apps/environment/moddable.ts",
  "apps/environment/settings.ts",
  "apps/environment/wifi.ts",
  "apps/rgb-server/led",
  "apps/mqtt-sensor/main.ts",
  "apps/mqtt-sensor/mqtt/moddable.ts",
];

test("what runs on XS has no regular expression: each use leaks there, and may end the program", () => {
  const sources = PLACES.flatMap((place) => (place.endsWith(".ts") ? [place] : listSources(place)));
  const withRegExp = sources.filter((name) =>
    readText(name)
      .split("\n")
      .some((line) => !/^\s*(?:\*|\/)/.test(line) && REGEXP.test(line.replace(/"(?:\\.|[^"\\])*"/g, '""'))),
  );
  expect(withRegExp).toEqual([]);
  expect(sources.length).toBeGreaterThan(40);
});
