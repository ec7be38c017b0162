import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toldLinesOf } from "../../../harness/cost/told-lines.ts";
import { writeSafetensors } from "../../../harness/formats/safetensors.ts";
import type { Pretrained } from "../../../harness/plugin.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const named = (stage: string, file: string, more: Partial<Pretrained> = {}) =>
  ({ stage, file, ...more }) as Pretrained;

const STAGES = { VAE: 10, DiT: 100 };

/** A folder with a file that tells of an autoencoder's training, and one of both. */
function files(): string {
  const folder = temporaryFolder();
  const write = (file: string, ...names: readonly (keyof typeof STAGES)[]): void => {
    const stages = names.map((stage) => ({
      stage,
      steps: 2,
      trainingFlops: STAGES[stage],
      weightsSha256: stage,
    }));
    const provenance = { commands: ["export"], data: { name: "shapes", trainingImages: 64 }, stages };
    writeFileSync(join(folder, file), writeSafetensors({}, { provenance: JSON.stringify(provenance) }));
  };
  write("vae.safetensors", "VAE");
  write("both.safetensors", "VAE", "DiT");
  writeFileSync(join(folder, "silent.safetensors"), writeSafetensors({}));
  return folder;
}

const vae = { autoencoder: true } as const;

test.each(["vae.safetensors", "both.safetensors"])(
  "an autoencoder of %s is a line of its own, though the network's file tells of it too",
  async (file) => {
    const lines = await toldLinesOf([named("DiT", "both.safetensors"), named("VAE", file, vae)], files());
    const common = { kind: "training", steps: 2, macs: null };
    expect(lines).toEqual([
      { ...common, stage: "VAE", file, flops: 10, autoencoder: true },
      { ...common, stage: "DiT", file: "both.safetensors", flops: 100 },
    ]);
  },
);

test("a file that does not tell, or is not here, is a line of unknown work; one that judges is none", async () => {
  const lines = await toldLinesOf(
    [
      named("VAE", "silent.safetensors", vae),
      named("DiT", "gone.safetensors"),
      named("LPIPS", "vae.safetensors", { judges: true }),
    ],
    files(),
  );
  const unknown = { kind: "training", steps: null, macs: null, flops: null };
  expect(lines).toEqual([
    { ...unknown, stage: "VAE", file: "silent.safetensors", autoencoder: true },
    { ...unknown, stage: "DiT", file: "gone.safetensors" },
  ]);
});
