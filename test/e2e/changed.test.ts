import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { command, readResult, temporaryFolder } from "./cli.ts";

const plugin = fileURLToPath(new URL("../fixtures/failing-model.mjs", import.meta.url));
const folder = temporaryFolder();
const own = join(folder, "failing-model.mjs");

const photo = (seed: number): Promise<unknown> =>
  sharp({
    create: { width: 8, height: 8, channels: 3, background: { r: (seed * 37) % 256, g: seed, b: 90 } },
  })
    .png()
    .toFile(join(folder, "photos", `${seed}.png`));

beforeAll(async () => {
  mkdirSync(join(folder, "photos"));
  for (let seed = 0; seed < 80; seed++) await photo(seed);
  copyFileSync(plugin, own);
  writeFileSync(
    join(folder, "epg-bench.config.mjs"),
    `import { defineConfig, imageFolder } from "epg-bench";
export default defineConfig({
  dataset: imageFolder({ folder: "photos", resolution: 8 }),
  unconditional: true,
  entries: { mean: { kind: "model", plugin: "./failing-model.mjs", options: { failure: "none" } } },
});`,
  );
});

/** Starts a run and does something to it once its training has started. */
async function runAnd(args: readonly string[], meanwhile: () => unknown) {
  const running = command(folder, args);
  const journal = join(folder, args.at(-1)!, "events.ndjson");
  while (!existsSync(journal) || !readFileSync(journal, "utf8").includes('"job":"mean: training"'))
    await setTimeout(5);
  await meanwhile();
  return await running;
}

it("notices code that changes during a run, then data, and goes on with what there is", async () => {
  const code = readFileSync(own, "utf8");
  const edited = await runAnd(["run", "--output", "out"], () => appendFileSync(own, "// edited\n"));
  expect(edited.exitCode).toBe(2);
  expect(edited.stderr).toMatch(
    /error: the code of the model plugin ".\/failing-model.mjs" changed during the run\n {2}fix: put back/,
  );
  writeFileSync(own, code);

  rmSync(join(folder, "out"), { recursive: true });
  rmSync(join(folder, ".epg-bench"), { recursive: true });
  const added = await runAnd(["run", "--output", "out"], () => photo(80));
  expect(added.exitCode).toBe(2);
  expect(added.stderr).toMatch(
    /error: the data set .* changed during the run: .* images now, .* when the run began/,
  );
  expect(added.stderr).not.toContain("    at ");

  const resumed = await command(folder, ["run", "--resume", "out"]);
  expect(resumed.exitCode).toBe(0);
  const { run, warnings } = readResult(folder);
  const { train, reference, heldOut } = run.dataset;
  expect(train + reference + heldOut).toBe(81);
  expect(warnings.join("\n")).toContain(`samples: ${run.samples} instead of the usual 512`);
}, 120_000);

it("shows no film of another sampler's or of other checkpoints", async () => {
  const config = readFileSync(join(folder, "epg-bench.config.mjs"), "utf8");
  const path = join(folder, "other.config.mjs");
  writeFileSync(path, config.replace("unconditional: true,", "unconditional: true, checkpoints: 2,"));
  const ran = await command(folder, ["run", "-c", "other.config.mjs", "--output", "other"]);
  expect(ran.exitCode).toBe(0);
  const { run, ledger, warnings } = readResult(folder, "other");
  expect(ledger.find(({ kind }) => kind === "training")!.cached).toBe(true);
  expect(run.entries[0]!.film).toBeNull();
  expect(warnings.join("\n")).toContain("mean: no film strip over training");
  expect(readResult(folder).run.entries[0]!.filmSteps).toEqual([2, 4, 6]);
}, 120_000);
