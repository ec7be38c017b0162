import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import { readPerceptual } from "../../../../plugins/models/latent/perceptual-checkpoint.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";

const zeros = (...shape: readonly number[]): NamedArrays[string] => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((product, side) => product * side, 1)),
});

function fileOf(tensors: NamedArrays): string {
  const path = join(temporaryFolder(), "weights.safetensors");
  writeFileSync(path, writeSafetensors(tensors));
  return path;
}

async function refusal(...paths: readonly string[]): Promise<string> {
  const failure = await readPerceptual(paths).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  expect((failure as UserError).fix).toMatch(/vgg16-397923af\.pth/);
  return (failure as UserError).message;
}

const first = { "features.0.weight": zeros(64, 3, 3, 3) };

it("refuses files that lack a part, by name", async () => {
  expect(await refusal(fileOf(first))).toMatch(/lack net\.slice1\.0\.bias/);
  expect(await refusal(fileOf({ "lin0.model.1.weight": zeros(1, 64, 1, 1) }))).toMatch(
    /lack net\.slice1\.0\.weight/,
  );
});

it("refuses the weights of another network", async () => {
  const alex = fileOf({ "features.0.weight": zeros(64, 3, 11, 11) });
  expect(await refusal(alex)).toMatch(
    /features\.0\.weight of .* is \[64, 3, 11, 11\], VGG16's is \[64, 3, 3, 3\]/,
  );
});

it("refuses a parameter given twice", async () => {
  const other = fileOf({ "loss.perceptual_loss.net.slice1.0.weight": zeros(64, 3, 3, 3) });
  expect(await refusal(fileOf(first), other)).toMatch(/features\.0\.weight of .* are one parameter/);
});

it("refuses what is no file of tensors, and no file", async () => {
  const text = join(temporaryFolder(), "text");
  writeFileSync(text, "words");
  expect(await refusal(text)).toMatch(/lpips: .*not a file of tensors/);
  expect(await refusal(`${text}.none`)).toMatch(/cannot be read/);
});
