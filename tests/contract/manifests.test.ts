import { findStaleManifests } from "../../scripts/manifests.js";

test("the manifests list every module that is imported", () => {
  expect(findStaleManifests(process.cwd())).toEqual([]);
});
