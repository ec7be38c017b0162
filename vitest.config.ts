import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const shared = {
  exclude: ["dist/**", "node_modules/**"],
  // Configs and plugins import the package by its name; tests mean the sources.
  alias: { "epg-bench": here("./harness/index.ts") },
  testTimeout: 60_000,
  hookTimeout: 120_000,
};

const KILLS = "test/e2e/*kill.test.ts";

export default defineConfig({
  test: {
    // ONNX Runtime is native and keeps its own threads: it lives in processes, not in worker threads.
    pool: "forks",
    // A run already computes on every core; two files at a time keep them busy without starving each other.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...shared.exclude, "test/e2e/**"],
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: [...shared.exclude, KILLS],
          globalSetup: "test/e2e/build.ts",
          testTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: "kills",
          include: [KILLS],
          globalSetup: "test/e2e/build.ts",
          // Alone: their moments are drawn from how long a run took that was left alone.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
