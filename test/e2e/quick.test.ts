/** `run --quick`: shipped weights sampled and scored, nothing trained. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { shippedEntries } from "../../harness/config/shipped.ts";
import type { Result } from "../../harness/result.ts";
import { command, readResult, temporaryFolder, timeless } from "./cli.ts";

const folder = temporaryFolder();
const names = Object.keys(shippedEntries());
let result: Result;
let stdout: string;

beforeAll(async () => {
  writeFileSync(
    join(folder, "some.config.ts"),
    `import { defineConfig, epg, shapes, shippedEntries } from "epg-bench";
export default defineConfig({
  dataset: shapes({ resolution: 32, train: 32, reference: 24, heldOut: 16 }),
  entries: { EPG: epg({ steps: 1000, pretraining: { steps: 1000 } }), ...shippedEntries() },
});
`,
  );
  const ran = await command(folder, ["run", "-c", "some.config.ts", "--quick", "--output", "out"]);
  expect(String(ran.stderr)).not.toContain("    at ");
  expect(ran.exitCode).toBe(0);
  stdout = String(ran.stdout);
  result = readResult(folder);
}, 300_000);

const models = () => result.run.entries.filter(({ kind }) => kind === "model");

describe("a quick run", () => {
  it("samples, scores and times the entries with weights, and trains none", () => {
    expect(models().map(({ name }) => name)).toEqual(names);
    expect(result.ledger.every(({ kind }) => kind === "sampling" || kind === "decoding")).toBe(true);
    for (const name of names)
      for (const metric of [
        "fd-efficientnet-lite0",
        "kid-efficientnet-lite0",
        "nfe",
        "throughput",
        "latency",
      ])
        expect(result.results.find((row) => row.entry === name && row.metric === metric)?.value).toBeTypeOf(
          "number",
        );
    expect(result.run.entries.filter(({ kind }) => kind === "reference-point")).toHaveLength(4);
  });

  it("says where, for how long and with how many FLOPs they were trained", () => {
    expect(result.run.match).toMatch(
      /^Trained elsewhere, by their files' account: "EPG.*" with .* TFLOP, "VAE/,
    );
    for (const { description, deviations } of models()) {
      expect(description).toMatch(
        /trained elsewhere for \d+ steps of .*, .* TFLOP in all, on \d+ images of shapes/,
      );
      expect(deviations[0]).toContain("not trained here");
    }
  });

  it("tells where its pictures are", () => {
    expect(stdout).toContain("Report: out/report.md");
    for (const { grid } of models()) {
      expect(stdout).toContain(`Samples: ${join("out", grid!)}`);
      expect(existsSync(join(folder, "out", grid!))).toBe(true);
    }
  });

  it("is a quick one when it is resumed", async () => {
    const ran = await command(folder, ["run", "--resume", "out"]);
    expect(ran.exitCode).toBe(0);
    expect(timeless(readResult(folder))).toEqual(timeless(result));
  });
});
