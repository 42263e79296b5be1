/**
 * Before all tests: wherever one of them lets mcconfig or make build something, what was compiled before, for whatever
 * program, is taken from build/tests. Linux only.
 */

import path from "node:path";

/** Where Debian has the names of the compilers, for ccache. */
const CCACHE = "/usr/lib/ccache";

export default function keepBuilt() {
  if (process.platform !== "linux") return;
  const kept = path.resolve("build", "tests");
  Object.assign(process.env, {
    // Read by scripts/sdk.ts.
    BUILD_TOOLS: [path.resolve("tests", "support", "tools"), CCACHE].join(path.delimiter),
    CCACHE_DIR: path.join(kept, "ccache"),
    // Read by tools/tsc.
    TSC: path.resolve("node_modules", "typescript-7", "bin", "tsc"),
    TSC_KEPT: path.join(kept, "typescript"),
  });
}
