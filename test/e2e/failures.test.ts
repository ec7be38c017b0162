import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { command, readResult, temporaryFolder } from "./cli.ts";

const plugin = fileURLToPath(new URL("../fixtures/failing-model.mjs", import.meta.url));

/** The healthy entry is the same plugin told to stay so: users' plugins run whole as well. */
const config = (failure: string): string => `
import { defineConfig, shapes } from "epg-bench";
const entry = (failure) => ({ kind: "model", plugin: "./failing-model.mjs", options: { failure } });
export default defineConfig({
  dataset: shapes({ resolution: 8, train: 40, reference: 40, heldOut: 40 }),
  samples: 24,
  checkpoints: 1,
  entries: { broken: entry("${failure}"), healthy: entry("none") },
});
`;

it.each([
  ["NaN in the loss", "nan", /the loss is NaN at step 3 of 6 .*learning rate/],
  ["an exception in training", "throw", /broke on purpose/],
  ["a native crash", "crash", /worker process was killed by SIGSEGV/],
])(
  "%s ends that entry alone, exit 24",
  async (_, failure, reason) => {
    const folder = temporaryFolder();
    copyFileSync(plugin, join(folder, "failing-model.mjs"));
    writeFileSync(join(folder, "epg-bench.config.mjs"), config(failure));
    const ran = await command(folder, ["run", "--output", "out"]);
    expect(ran.exitCode).toBe(24);
    const result = readResult(folder);
    const [broken, healthy] = result.run.entries;
    expect(broken).toMatchObject({ name: "broken", status: "failed" });
    expect(broken!.failure).toMatch(reason);
    expect(healthy).toMatchObject({ name: "healthy", status: "ok" });
    expect(result.results.some(({ entry, metric }) => entry === "healthy" && metric.startsWith("kid-"))).toBe(
      true,
    );
    expect(result.run.status).toBe("incomplete");
    expect(result.run.curves!.map(({ stage }) => stage)).toEqual(["broken: training", "healthy: training"]);
    expect(result.run.match).toMatch(/^One entry, "healthy", trained .* Not trained to the end: "broken"\.$/);
  },
  120_000,
);

it("names an output folder that cannot be written", async () => {
  const folder = temporaryFolder();
  copyFileSync(plugin, join(folder, "failing-model.mjs"));
  writeFileSync(join(folder, "epg-bench.config.mjs"), config("none"));
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "empty"));
  const ran = await command(folder, ["run", "--output", "file/out"]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toMatch(/error: --output: .*file/);
  expect(ran.stderr).not.toContain("    at ");
});
