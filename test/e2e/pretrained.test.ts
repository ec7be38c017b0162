/** Weights out of one run and into another: the same samples, without training. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openAdmSamples } from "../../harness/formats/npz.ts";
import { openSafetensors, writeSafetensors } from "../../harness/formats/safetensors.ts";
import { compvisAutoencoder, lpipsWeights } from "../plugins/models/latent/weights.ts";
import { command, readResult, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();

function writeConfig(name: string, options: string, tuned?: string, latent?: string): void {
  writeFileSync(
    join(folder, name),
    `import { autoguidance, ddim, defineConfig, epg, heun, latent, shapes } from "epg-bench";
export default defineConfig({
  dataset: shapes({ resolution: 32, train: 64, reference: 48, heldOut: 40 }),
  samples: 40,
  checkpoints: 1,
  entries: {
    EPG: epg({ size: "tiny", sampler: heun(3), ${options} }),
    ${latent === undefined ? "" : `Latent: latent({ size: "tiny", sampler: ddim(2), ${latent} }),`}
    ${tuned === undefined ? "" : `Tuned: epg({ size: "tiny", sampler: heun(3), ${tuned} }),`}
  },
});
`,
  );
}

beforeAll(async () => {
  writeFileSync(
    join(folder, "kl.safetensors"),
    writeSafetensors(compvisAutoencoder("tiny", "first_stage_model.")),
  );
  writeFileSync(join(folder, "lpips.safetensors"), writeSafetensors(lpipsWeights("squeeze")));
  writeConfig("train.config.ts", "batchSize: 8, steps: 4, pretraining: { steps: 2 }");
  writeConfig(
    "weights.config.ts",
    'weights: "epg.safetensors"',
    'batchSize: 8, steps: 4, pretraining: { weights: "encoder.safetensors" }, guidance: autoguidance({ scale: 1, weights: { file: "epg.safetensors", part: "ema" } })',
    'vae: { weights: "kl.safetensors" }, dit: { batchSize: 8, steps: 2 }, lpips: { net: "squeeze", trunk: "lpips.safetensors" }',
  );
  expect((await command(folder, ["run", "-c", "train.config.ts", "--output", "trained"])).exitCode).toBe(0);
  for (const more of [
    ["--out", "epg.safetensors"],
    ["--out", "encoder.safetensors", "--network", "encoder"],
  ]) {
    const exported = await command(folder, ["export", "safetensors", "trained", "EPG", ...more]);
    expect(exported.stderr).toBe("");
    expect(exported.exitCode).toBe(0);
  }
}, 300_000);

const entryOf = (output: string, entry = "EPG") =>
  readResult(folder, output).run.entries.find(({ name }) => name === entry)!;

async function imagesOf(output: string, entry = "EPG"): Promise<Buffer> {
  const file = await openAdmSamples(join(folder, output, entryOf(output, entry).samples!));
  const batches: Buffer[] = [];
  for await (const batch of file.batches()) batches.push(Buffer.from(batch));
  await file.close();
  return Buffer.concat(batches);
}

describe("an exported checkpoint", () => {
  it("says what it is and what it came from", async () => {
    const { metadata, close } = await openSafetensors(join(folder, "epg.safetensors"));
    await close();
    expect(metadata.part).toBe("ema");
    expect(JSON.parse(metadata.model!)).toMatchObject({ plugin: "epg", options: { size: "tiny" } });
    expect(JSON.parse(metadata.task!)).toEqual({ resolution: 32, classes: 8 });
    const provenance = JSON.parse(metadata.provenance!);
    expect(provenance).toMatchObject({
      seed: 0,
      stages: [{ stage: "pre-training" }, { stage: "diffusion fine-tuning", steps: 4 }],
    });
    expect(provenance.commands[0]).toContain("run -c train.config.ts --output trained");
    expect(provenance.commands.at(-1)).toContain("export safetensors trained EPG");
    expect(entryOf("trained").weights).not.toBeNull();
  });

  it("is sampled from without training, to the same images, and the entry says so", async () => {
    const ran = await command(folder, ["run", "-c", "weights.config.ts", "--output", "loaded"]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).not.toContain("EPG: diffusion fine-tuning: 4 steps\n");
    expect((await imagesOf("loaded")).equals(await imagesOf("trained"))).toBe(true);
    const entry = entryOf("loaded");
    expect(entry.description).toMatch(
      /Pre-trained, not trained here: epg\.safetensors, the part ema, sha256 /,
    );
    const result = readResult(folder, "loaded");
    const trained = readResult(folder, "trained");
    const { value } = trained.results.find(({ metric }) => metric === "total-train-flops")!;
    expect(result.run.match).toContain(
      `Trained elsewhere, by their files' account: "EPG" with ${(value! / 1e12).toPrecision(3)} TFLOP.`,
    );
    expect(entry.description).toContain(
      "trained elsewhere for 2 steps of pre-training, then 4 of diffusion fine-tuning",
    );
    const totals = result.results.filter(({ metric }) => metric === "total-train-flops");
    expect(totals.map((row) => row.entry)).toEqual(["EPG", "Tuned"]);
    expect(totals[0]!.value).toBe(value);
    // Its pre-training and its poor network are of one run: the pre-training is billed once.
    expect(totals[1]!.value).toBeGreaterThanOrEqual(value!);
    expect(totals[1]!.value).toBeLessThan(2 * value!);
    expect(result.ledger.map(({ kind }) => kind)).toEqual([
      "encoding",
      "training",
      "training",
      "sampling",
      "sampling",
      "decoding",
      "sampling",
    ]);
    expect(readFileSync(join(folder, "loaded", "report.md"), "utf8")).toContain(
      "not trained here: epg.safetensors",
    );
    expect((await command(folder, ["baseline", "save", "loaded", "--to", "b.json"])).exitCode).toBe(0);
    expect((await command(folder, ["gate", "loaded", "--baseline", "b.json"])).exitCode).toBe(0);
  });

  it("of the encoder alone gives the same fine-tuning, with a poor network's beside it", async () => {
    const tuned = await imagesOf("loaded", "Tuned");
    const trained = await imagesOf("trained");
    // Guided with scale 1: the same but for rounding.
    expect(Math.max(...tuned.map((value, i) => Math.abs(value - trained[i]!)))).toBeLessThan(2);
    const { run, results } = readResult(folder, "loaded");
    expect(results.find(({ entry, metric }) => entry === "Tuned" && metric === "nfe")!.value).toBe(10);
    expect(run.match).toMatch(
      /Partly trained elsewhere: .*"Tuned" \(pre-training with .* TFLOP by its file's account, poor network .*; .* TFLOP of training here\)\.$/,
    );
    const entry = entryOf("loaded", "Tuned");
    expect(entry.description).toMatch(
      /^epg: diffusion fine-tuning \(4 steps\)\. Pre-trained, not trained here: encoder\.safetensors, the part online, sha256 \w+… \(pre-training\), by its own account trained elsewhere for 2 steps of pre-training, .*; epg\.safetensors, the part ema, sha256 \w+… \(poor network\), by .*$/,
    );
    expect(entry.film).not.toBeNull();
  });
});

describe("an autoencoder of CompVis's", () => {
  it("has a DiT trained on its latents, and is told to be nobody's here", () => {
    const { run, results, ledger } = readResult(folder, "loaded");
    const entry = entryOf("loaded", "Latent");
    expect(entry).toMatchObject({ status: "ok", n: 40 });
    expect(entry.description).toMatch(
      /^latent: DiT \(2 steps\)\. Pre-trained, not trained here: kl\.safetensors, CompVis's names under first_stage_model\., sha256 \w+… \(VAE\)$/,
    );
    expect(run.match).toMatch(/"Latent" \(VAE at a cost not known here; .* TFLOP of training here\)/);
    expect(entry.pretrained).toEqual([
      { stage: "VAE", file: "kl.safetensors", steps: null, flops: null, autoencoder: true },
    ]);
    expect(readFileSync(join(folder, "loaded", "report.md"), "utf8")).toMatch(
      /billed three ways\n\n.*\n.*\n\| Latent \| unknown \| unknown \| [\d.]+ \wFLOP \|/,
    );
    const lines = ledger.filter(({ entries }) => entries.includes("Latent"));
    expect(lines.map(({ stage }) => stage)).toEqual([
      "DiT: encoding the data set",
      "DiT",
      "sampling",
      "decoding samples",
    ]);
    const measured = results
      .filter((row) => row.entry === "Latent: reconstruction")
      .map(({ metric }) => metric);
    expect(measured).toEqual(expect.arrayContaining(["psnr", "ssim", "lpips-squeeze"]));
  });
});

it("is exported without telling in which folders the files of its options lay", async () => {
  const kl = join(folder, "kl.safetensors");
  writeConfig(
    "far.config.ts",
    'weights: "epg.safetensors"',
    undefined,
    `vae: { weights: ${JSON.stringify(kl)} }`,
  );
  const config = readFileSync(join(folder, "far.config.ts"), "utf8");
  writeFileSync(
    join(folder, "far.config.ts"),
    config.replace("vae:", "dit: { batchSize: 8, steps: 2 }, vae:"),
  );
  const argv = ["export", "onnx", "far.config.ts", "Latent", "--out", "dit.onnx"];
  expect((await command(folder, argv)).exitCode).toBe(0);
  const bytes = readFileSync(join(folder, "dit.onnx"), "latin1");
  expect(bytes).toMatch(/"weights":"kl\.safetensors, sha256 [0-9a-f]{64}"/);
  expect(bytes).not.toContain(folder);
});

describe("mistakes", () => {
  it.each<[string, string[], RegExp]>([
    [
      "an entry that is none",
      ["export", "onnx", "trained", "epg", "--out", "x.onnx"],
      /no entry "epg"\n {2}fix: did you mean "EPG"\? \(of "EPG"/,
    ],
    [
      "a network that is none",
      ["export", "onnx", "trained", "EPG", "--out", "x.onnx", "--network", "generator"],
      /no network "generator"/,
    ],
    [
      "a run that is none",
      ["export", "onnx", "nothing", "EPG", "--out", "x.onnx"],
      /no run or config at nothing/,
    ],
    [
      "a folder that is none",
      ["export", "onnx", "trained", "EPG", "--out", "no/x.onnx"],
      /--out: cannot write/,
    ],
  ])("%s", async (_, argv, message) => {
    const ran = await command(folder, argv);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).not.toContain("    at ");
  });

  it("weights of another size, before anything runs", async () => {
    writeConfig("other.config.ts", 'weights: "epg.safetensors"');
    const config = readFileSync(join(folder, "other.config.ts"), "utf8").replace('"tiny"', '"small"');
    writeFileSync(join(folder, "other.config.ts"), config);
    const ran = await command(folder, ["run", "-c", "other.config.ts", "--dry-run"]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(
      /of another size: class_embed\.weight is \[9, 192\], EPG small .* has \[9, 256\]/,
    );
  });

  it("an entry that is not trained", async () => {
    writeConfig("untrained.config.ts", "batchSize: 8, steps: 5, pretraining: { share: 0 }");
    const ran = await command(folder, [
      "export",
      "safetensors",
      "untrained.config.ts",
      "EPG",
      "--out",
      "y.safetensors",
    ]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/its stage "diffusion fine-tuning" is not in the cache/);
  });
});
