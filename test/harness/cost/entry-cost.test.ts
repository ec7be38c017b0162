import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { entryText } from "../../../harness/cli/cost-text.ts";
import { loadConfig } from "../../../harness/config/index.ts";
import { type EntryCost, entryCosts } from "../../../harness/cost/entry-cost.ts";
import { trace } from "../../../harness/program/index.ts";
import { judge } from "../../../plugins/models/latent/discriminator.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

async function costOf(more: string, options: string): Promise<EntryCost> {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "x.config.ts"),
    `import { ddim, defineConfig, latent, shapes } from "epg-bench";
export default defineConfig({
  dataset: shapes({ resolution: 32, train: 64, reference: 48, heldOut: 40 }),
  samples: 40,
  entries: { Latent: latent({ size: "tiny", sampler: ddim(4), ${options} }) },
  ${more}
});
`,
  );
  const config = await loadConfig({ file: "x.config.ts", folder, overrides: {}, note: () => {} });
  return (await entryCosts(config))[0] as EntryCost;
}

const BILLS = [
  { name: "in full", share: 1 },
  { name: "free", share: 0 },
];

test("an autoencoder of a file that does not tell is billed as unknown, and free as what is trained here", async () => {
  const cost = await costOf("", 'vae: { weights: "gone.safetensors" }, dit: { batchSize: 8, steps: 2 }');
  const text = entryText("Latent", cost, BILLS);
  expect(text).toMatch(/^VAE \(gone\.safetensors, which does not tell\) .* unknown +unknown/m);
  expect(text).toMatch(/^in all, VAE in full +unknown +unknown$/m);
  expect(text).toMatch(/^in all, VAE free +[\d.]+ \w+MAC +[\d.]+ \w+FLOP$/m);
  expect(cost.resamplings).toEqual([]);
});

test("a comparison's rows and the trials of their guidance are lines", async () => {
  const comparison = "comparison: { calls: [31, 1], guidance: [1.5, 3], validationSamples: 8 },";
  const cost = await costOf(comparison, "vae: { batchSize: 8, steps: 2 }, dit: { batchSize: 8, steps: 2 }");
  expect(cost.resamplings.map(({ name, nfe }) => [name, nfe])).toEqual([
    ["Latent: unguided, 1 call", 1],
    ["Latent: unguided, 31 calls", 31],
    ["Latent: matched, 31 calls", expect.any(Number)],
  ]);
  const [, unguided, matched] = cost.resamplings;
  expect(unguided!.trialFlops).toBe(0);
  // Two scales of eight images each, of a row of 40.
  expect(matched!.trialFlops! / matched!.sampleFlops!).toBeCloseTo(16 / 40, 12);
  expect(entryText("Latent", cost, BILLS)).toMatch(
    /^Latent: matched, 31 calls +\d+ +1 .*MAC .*FLOP +.*FLOP$/m,
  );
});

test("weights on the way cost their samples, as many as the entry's own", async () => {
  const steps = "vae: { batchSize: 8, steps: 2 }, dit: { batchSize: 8, steps: 4 }";
  const cost = await costOf("milestones: [0.9, 0.1],", steps);
  const ofAll = 40 * cost.sampling.reduce((sum, { flops }) => sum + flops, 0);
  expect(cost.milestones).toEqual([{ name: "Latent: at 90 % of its training", sampleFlops: ofAll }]);
  expect(entryText("Latent", cost, BILLS)).toMatch(/^Latent: at 90 % of its training +[\d.]+ GFLOP$/m);
});

test("encoding every step's images is a line of its own, by the encoder's forward passes", async () => {
  const steps = "vae: { batchSize: 8, steps: 2 }, dit: { batchSize: 8, steps: 3 }, latentScale: 1";
  const cached = await costOf("", steps);
  const anew = await costOf("", `latents: "every step", ${steps}`);
  const line = ({ training }: EntryCost, name: string) => training.find(({ stage }) => stage === name)!;
  const encoding = line(anew, "DiT: encoding every step's images");
  expect(encoding).toMatchObject({ kind: "encoding", steps: 3, images: 24 });
  // 2 · 64 images of the cache are whole batches, so that it has no filling to pay.
  const once = line(cached, "DiT: encoding the data set");
  expect(encoding.macs / 24).toBeCloseTo(once.macs / once.images, 6);
  expect(encoding.macs).toBeCloseTo(cached.encodingEveryStepMacs!, 6);
  expect(anew.encodingEveryStepMacs).toBeNull();
  // The frozen encoder is among the states alone.
  const { memory: kept, ...trained } = line(cached, "DiT");
  const { memory: more, ...same } = line(anew, "DiT");
  expect(same).toEqual(trained);
  expect(more!.stateBytes).toBeGreaterThan(kept!.stateBytes);
});

test("a discriminator's passes are forward ones: of the real images, and of the made ones for either's loss", async () => {
  const forward = async (vae: string): Promise<number> => {
    const { training } = await costOf("", `vae: { batchSize: 8, steps: 2, ${vae} }, dit: { steps: 1 }`);
    return training.find(({ stage }) => stage === "VAE")!.forwardMacs;
  };
  const discriminator = trace("discriminator", (p) => {
    p.output("judged", judge(p, p.input("images", [8, 3, 32, 32])));
  });
  expect((await forward("adversarial: {}")) - (await forward(""))).toBe(2 * 3 * discriminator.macs);
});
