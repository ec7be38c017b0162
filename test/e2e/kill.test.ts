import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { createStream } from "../../harness/random/index.ts";
import { command, readResult, temporaryFolder, timeless } from "./cli.ts";
import { drawKills, runAndKill, runArguments } from "./kills.ts";

/** `npm run test:kills` kills twenty times for each of these seeds; the whole suite less often. */
const all = process.env.npm_lifecycle_event === "test:kills";
const KILLS = all ? 20 : 4;
const SEEDS = (process.env.EPG_BENCH_TEST_SEEDS ?? "0").split(",").map(Number);

/** Every kind of stage there is, as small as each can be. */
const config = `import { ddim, defineConfig, epg, heun, latent, shapes } from "epg-bench";
const model = { size: "tiny", batchSize: 4, steps: 12, pretraining: { steps: 12 } } as const;
export default defineConfig({
  dataset: shapes({ resolution: 16, train: 16, reference: 8, heldOut: 8 }),
  samples: 8,
  checkpoints: 3,
  entries: {
    EPG: epg({ ...model, sampler: heun(2) }),
    "EPG, one step": epg({ ...model, objective: "consistency" }),
    "VAE + DiT": latent({ size: "tiny", sampler: ddim(2), guidance: { scale: 1 }, vae: { steps: 12, batchSize: 2 }, dit: { steps: 12, batchSize: 4 } }),
  },
});
`;

/** Everything that must be the same to the bit. */
function bitsOf(folder: string) {
  const cache = join(folder, ".epg-bench", "cache");
  const digests = ["train", "sample", "reconstruct"].flatMap((kind) =>
    readdirSync(join(cache, kind)).map((key) => {
      const { files } = JSON.parse(readFileSync(join(cache, kind, key, "done.json"), "utf8"));
      return [`${kind}/${key}`, files] as const;
    }),
  );
  const result = readResult(folder);
  const curves = result.run.curves!.map(({ csv }) => readFileSync(join(folder, "out", csv), "utf8"));
  return { digests: Object.fromEntries(digests), curves, ...timeless(result) };
}

async function newRun(): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "kills.config.ts"), config);
  return folder;
}

async function runToItsEnd(folder: string): Promise<void> {
  const ran = await command(folder, runArguments(folder));
  expect(ran.stderr).not.toContain("    at ");
  expect(ran.exitCode).toBe(0);
}

let alone: string;
beforeAll(async () => {
  alone = await newRun();
  await runToItsEnd(alone);
}, 600_000);

it.each(SEEDS)(
  `goes on after ${KILLS} kills to the same bits as a run that was left alone (seed %i)`,
  async (seed) => {
    const kills = drawKills(createStream(seed, "kills"), alone, KILLS);
    const killed = await newRun();
    let hits = 0;
    for (const kill of kills) if (await runAndKill(killed, kill)) hits++;
    await runToItsEnd(killed);
    expect(bitsOf(killed), JSON.stringify(kills)).toEqual(bitsOf(alone));
    // A machine that has grown faster since it was left alone may have ended it before the last kills.
    expect(hits).toBeGreaterThan(KILLS / 2);
  },
  1_200_000,
);
