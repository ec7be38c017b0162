/** Runs the built command as a user would, in a folder of its own. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaNode, type Options } from "execa";
import { packageRoot } from "../../harness/package-root.ts";
import { type Result, resultSchema } from "../../harness/result.ts";

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "epg-bench-e2e-"));

export const command = (folder: string, args: readonly string[], options: Options = {}) =>
  execaNode(join(packageRoot(), "bin", "epg-bench.js"), args, {
    cwd: folder,
    reject: false,
    stdin: "ignore",
    env: { CI: "true" },
    ...options,
  });

export const readResult = (folder: string, output = "out"): Result =>
  resultSchema.parse(JSON.parse(readFileSync(join(folder, output, "result.json"), "utf8")));

interface Event {
  readonly event: string;
  readonly job?: string;
  readonly seconds?: number;
}

/** The whole lines of a run's journal. */
export function eventsOf(folder: string, output = "out"): Event[] {
  const path = join(folder, output, "events.ndjson");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  // A line that a kill cut off is joined by the next one.
  return lines.flatMap((line) => (line.lastIndexOf("{") === 0 ? [JSON.parse(line)] : []));
}

export interface TinyOptions {
  readonly epgSteps?: number;
  readonly samplerSteps?: number;
  readonly more?: string;
}

/** A config that does everything a run does, within a quarter of a minute. */
export function writeTinyConfig(
  folder: string,
  { epgSteps = 6, samplerSteps = 6, more = "" }: TinyOptions = {},
  name = "tiny.config.ts",
): string {
  writeFileSync(
    join(folder, name),
    `import { ddim, defineConfig, epg, heun, latent, shapes } from "epg-bench";
export default defineConfig({
  dataset: shapes({ resolution: 32, train: 64, reference: 48, heldOut: 40 }),
  samples: 40,
  checkpoints: 2,
  entries: {
    EPG: epg({ size: "tiny", sampler: heun(${samplerSteps}), batchSize: 8, steps: ${epgSteps}, pretraining: { steps: 4 } }),
    "VAE + DiT": latent({ size: "tiny", sampler: ddim(4), guidance: { scale: 1 }, vae: { steps: 4, batchSize: 4 }, dit: { steps: 4, batchSize: 8 } }),
  },
  ${more}
});
`,
  );
  return name;
}

/** Everything a result says but times, and what is measured in seconds. */
export function timeless({ run, results, ledger }: Result) {
  const timed = new Set(["throughput", "latency", "wall-seconds", "peak-memory-bytes"]);
  return {
    entries: run.entries,
    results: results.filter(({ metric }) => !timed.has(metric)),
    ledger: ledger.map(
      ({ wallSeconds: _w, inputWaitSeconds: _i, peakMemoryBytes: _p, cached: _c, ...line }) => line,
    ),
  };
}
