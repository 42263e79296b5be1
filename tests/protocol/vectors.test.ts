import { allVectors, runAllVectors, runAtEverySplit } from "./vectors.js";
import { runWireFrame, wireFrameTable } from "./vectorswire.js";

describe("what a peer may send, at every split", () => {
  test.each(allVectors().map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    runAtEverySplit(vector);
  });
});

describe("frames, in both directions", () => {
  test.each(wireFrameTable.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    runWireFrame(vector);
  });
});

test("the run for XS reports every vector by a name of its own", () => {
  const names: string[] = [];
  const failures: string[] = [];
  runAllVectors((name, error) => {
    names.push(name);
    if (error !== undefined) failures.push(`${name}: ${error}`);
  });
  expect(failures).toEqual([]);
  expect(names).toHaveLength(allVectors().length + wireFrameTable.length);
  expect(new Set(names).size).toBe(names.length);
});
