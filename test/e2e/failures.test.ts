import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Result } from "../../harness/result.ts";
import { command, readResult, temporaryFolder } from "./cli.ts";

const plugin = fileURLToPath(new URL("../fixtures/failing-model.mjs", import.meta.url));

/** The healthy entry is the same plugin told to stay so: users' plugins run whole as well. */
const config = `
import { defineConfig, shapes } from "epg-bench";
const entry = (failure) => ({ kind: "model", plugin: "./failing-model.mjs", options: { failure } });
export default defineConfig({
  dataset: shapes({ resolution: 8, train: 40, reference: 40, heldOut: 40 }),
  samples: 24,
  checkpoints: 1,
  entries: { nan: entry("nan"), throw: entry("throw"), crash: entry("crash"), healthy: entry("none"), painter: entry("sampling") },
});
`;

function newFolder(): string {
  const folder = temporaryFolder();
  copyFileSync(plugin, join(folder, "failing-model.mjs"));
  writeFileSync(join(folder, "epg-bench.config.mjs"), config);
  return folder;
}

describe("entries that fail", () => {
  const folder = newFolder();
  let exitCode: number | undefined;
  let result: Result;
  beforeAll(async () => {
    exitCode = (await command(folder, ["run", "--output", "out"])).exitCode;
    result = readResult(folder);
  }, 120_000);

  it.each([
    ["nan", "NaN in the loss", /the loss is NaN at step 3 of 6 .*learning rate/],
    ["throw", "an exception in training", /broke on purpose/],
    ["crash", "a native crash", /worker process was killed by SIGSEGV/],
    ["painter", "an exception in sampling", /sampling: .*ran out of paint/],
  ])("%s: %s is told of that entry", (name, _, reason) => {
    const broken = result.run.entries.find((entry) => entry.name === name)!;
    expect(broken.status).toBe("failed");
    expect(broken.failure).toMatch(reason);
  });

  it("cost no other entry anything, and end the run with 24", () => {
    expect(exitCode).toBe(24);
    expect(result.run.entries[3]).toMatchObject({ name: "healthy", status: "ok" });
    expect(result.results.some(({ entry, metric }) => entry === "healthy" && metric.startsWith("kid-"))).toBe(
      true,
    );
    expect(result.run.status).toBe("incomplete");
    expect(result.run.curves!.map(({ stage }) => stage)).toEqual(
      ["nan", "throw", "crash", "healthy", "painter"].map((name) => `${name}: training`),
    );
    expect(result.run.match).toMatch(
      /^Equal training compute: every other entry is trained .* Not trained to the end: "nan", "throw", "crash"\.$/,
    );
  });

  it("are billed for the steps that they took", () => {
    const line = (name: string) =>
      result.ledger.find(({ kind, entries }) => kind === "training" && entries.includes(name))!;
    expect(line("healthy").steps).toBe(6);
    // The loss of the third step is NaN; of the others the third batch cannot be made.
    expect(line("nan")).toMatchObject({ steps: 3, failed: true, flops: line("healthy").flops! / 2 });
    for (const name of ["throw", "crash"]) expect(line(name)).toMatchObject({ steps: 1, failed: true });
    const sum = result.ledger
      .filter(({ kind }) => kind === "training")
      .reduce((total, { flops }) => total + flops!, 0);
    expect(result.run.totals.trainFlops).toBeCloseTo(sum, 6);
  });

  it("are billed for what they sampled, the batch that broke off too", () => {
    const line = (name: string) =>
      result.ledger.find(({ kind, entries }) => kind === "sampling" && entries.includes(name))!;
    // Three batches of eight; of the painter's the second was called for and never finished.
    expect(line("healthy").images).toBe(24);
    expect(line("healthy").failed).toBeUndefined();
    expect(line("painter")).toMatchObject({
      images: 8,
      failed: true,
      flops: (2 / 3) * line("healthy").flops!,
    });
    expect(line("crash")).toBeUndefined();
    const both = line("healthy").flops! + line("painter").flops!;
    expect(result.run.totals.sampleFlops).toBeCloseTo(both, 6);
  });
});

it("names an output folder that cannot be written", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "empty"));
  const ran = await command(folder, ["run", "--output", "file/out"]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toMatch(/error: --output: .*file/);
  expect(ran.stderr).not.toContain("    at ");
});
