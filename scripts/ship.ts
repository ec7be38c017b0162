/**
 * Makes shipped/ from a finished run, `npm run ship -- RUN_FOLDER`: the weights of every entry by `epg-bench export`, and
 * `shipped.json`, from which the default config takes its entries.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { readResolved } from "../harness/config/index.ts";
import { type ShippedWeights, shippedFolder } from "../harness/config/shipped.ts";
import { packageRoot } from "../harness/package-root.ts";
import { slug } from "../harness/run/pictures.ts";
import { toldTraining } from "../harness/run/provenance.ts";
import { digest } from "../harness/run/store.ts";

const [run] = process.argv.slice(2);
if (run === undefined || !statSync(run, { throwIfNoEntry: false })?.isDirectory()) {
  process.stderr.write(`no run folder ${run ?? "named"}\n  fix: npm run ship -- RUN_FOLDER\n`);
  process.exit(2);
}
const folder = shippedFolder();
mkdirSync(folder, { recursive: true });
const { name: config, entries } = readResolved(run);
const shipped: ShippedWeights[] = [];
for (const [name, model] of Object.entries(entries)) {
  const file = `${slug(name)}.safetensors`;
  exportWeights(run, name, join(folder, file));
  const told = await toldTraining(join(folder, file));
  if (!told) throw new Error(`${file} does not tell how it was trained: is "${name}" an entry that trains?`);
  const { sha256, bytes } = await digest(join(folder, file));
  const { commands, stages } = told;
  shipped.push({ name, file, sha256, bytes, config, steps: stages.at(-1)!.steps, model, commands });
}
const kept = new Set(shipped.map(({ file }) => file));
for (const file of readdirSync(folder))
  if (file.endsWith(".safetensors") && !kept.has(file)) rmSync(join(folder, file));
writeFileSync(join(folder, "shipped.json"), `${JSON.stringify(shipped, null, 2)}\n`);

/** By the command that anyone would give, so that the file tells it. */
function exportWeights(run: string, entry: string, file: string): void {
  const out = relative(process.cwd(), file);
  const argv = ["export", "safetensors", run, entry, "--dtype", "float16", "--out", out];
  const bin = join(packageRoot(), "bin", "epg-bench.js");
  const { status } = spawnSync(process.execPath, [bin, ...argv], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
