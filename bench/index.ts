/** `npm run bench -- [ids…] [--json FILE]`: a table of medians beside those of the peers on this machine, now. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { AUTOENCODER } from "./autoencoder.ts";
import { DIT_STEP } from "./dit-step.ts";
import { ENGINE_STEPS } from "./engines.ts";
import { EPG_STEPS } from "./epg-step.ts";
import { EVAL } from "./eval.ts";
import { EVAL_MEMORY } from "./eval-memory.ts";
import { FEEDING } from "./feeding.ts";
import { INCEPTION } from "./inception.ts";
import { LARGE } from "./large.ts";
import { LATENT_CACHE } from "./latent-cache.ts";
import { METRICS } from "./metrics.ts";
import { RECOMPUTE } from "./recompute.ts";
import { type BenchRow, Skipped } from "./row.ts";
import { RUN_LOOP } from "./run-loop.ts";
import { SAMPLING } from "./sampling.ts";
import { SCORES } from "./scores.ts";
import { TORCH } from "./torch.ts";
import { TRAIN_STEPS } from "./train-step.ts";
import { TRANSPORT } from "./transport.ts";

const BENCHES: Readonly<Record<string, () => Promise<BenchRow>>> = {
  ...TRAIN_STEPS,
  ...EPG_STEPS,
  ...AUTOENCODER,
  ...DIT_STEP,
  ...ENGINE_STEPS,
  ...RUN_LOOP,
  ...FEEDING,
  ...SAMPLING,
  ...LATENT_CACHE,
  ...METRICS,
  ...INCEPTION,
  ...SCORES,
  ...EVAL,
  ...EVAL_MEMORY,
  ...TORCH,
  ...TRANSPORT,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
const all = { ...BENCHES, ...LARGE, ...RECOMPUTE };
const unknown = positionals.filter((id) => !(id in all));
if (unknown.length > 0) {
  console.error(
    `error: unknown bench ${unknown.join(", ")}\n  fix: choose among ${Object.keys(all).join(", ")}`,
  );
  process.exit(2);
}

const rows: BenchRow[] = [];
for (const id of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  console.error(`${id} …`);
  try {
    rows.push(await all[id]!());
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    console.error(`${id} is skipped: ${error.message}`);
  }
}
const table = new Table({
  head: ["id", "value", "unit", "peers (ratio to ours)"],
  style: { head: [], border: [] },
});
for (const { id, value, unit, peers } of rows)
  table.push([
    id,
    value.toPrecision(4),
    unit,
    Object.entries(peers)
      .map(([name, peer]) => `${name}: ${peer.toPrecision(4)} (${(peer / value).toFixed(2)}×)`)
      .join("\n") || "none here",
  ]);
console.log(table.toString());
if (values.json) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
