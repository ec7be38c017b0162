import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import {
  openPerceptual,
  type PerceptualHalf,
} from "../../../../plugins/models/latent/perceptual-checkpoint.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { prefixed } from "../epg/weights.ts";
import { lpipsWeights } from "./weights.ts";

function fileOf(tensors: NamedArrays): string {
  const path = join(temporaryFolder(), "weights.safetensors");
  writeFileSync(path, writeSafetensors(tensors));
  return path;
}

const own = lpipsWeights("squeeze");
const trunk = Object.fromEntries(Object.entries(own).filter(([name]) => name.startsWith("net.")));
const linear = Object.fromEntries(Object.entries(own).filter(([name]) => name.startsWith("lin")));
const renamed = (tensors: NamedArrays, from: RegExp, to: string): NamedArrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name.replace(from, to), one]));
const torchvision = renamed(trunk, /^net\.slice\d\./, "features.");
const repeated = renamed(linear, /^lin/, "lins.");

async function read(path: string, half: PerceptualHalf) {
  const file = await openPerceptual(path, `lpips.${half}`, "squeeze", half);
  const tensors = await file.read();
  await file.close();
  return tensors;
}

it.each<[string, PerceptualHalf, NamedArrays]>([
  [
    "torchvision's classifier",
    "trunk",
    { ...torchvision, "classifier.1.bias": linear["lin0.model.1.weight"]! },
  ],
  ["the published linear layers", "linear", linear],
  ["lpips.LPIPS's state dict", "trunk", { ...own, ...repeated }],
  ["lpips.LPIPS's state dict", "linear", { ...repeated, ...own }],
  ["a state dict of its list alone", "linear", repeated],
  ["the loss in an autoencoder's checkpoint", "trunk", prefixed("loss.perceptual_loss.", own)],
])("%s gives the %s by LPIPS's names", async (_, half, tensors) => {
  const found = await read(fileOf(tensors), half);
  const wanted = half === "trunk" ? trunk : linear;
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, { shape, data }] of Object.entries(found))
    expect([name, shape, data[0], data.length]).toEqual([
      name,
      wanted[name]!.shape,
      wanted[name]!.data[0],
      wanted[name]!.data.length,
    ]);
});

async function refusal(path: string, half: PerceptualHalf, fix: RegExp): Promise<string> {
  const failure = await read(path, half).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  expect((failure as UserError).fix).toMatch(fix);
  return (failure as UserError).message;
}

it("refuses files that lack a part, by name", async () => {
  const { "features.3.squeeze.bias": _, ...less } = torchvision;
  expect(await refusal(fileOf(less), "trunk", /torchvision's SqueezeNet 1\.1/)).toBe(
    "lpips.trunk: weights.safetensors lacks 1 parameters of LPIPS on SqueezeNet 1.1: net.slice2.3.squeeze.bias",
  );
  expect(await refusal(fileOf(torchvision), "linear", /v0\.1\/squeeze\.pth/)).toMatch(
    /^lpips\.linear: .* lacks 7 parameters .*: lin0\.model\.1\.weight, /,
  );
});

it("refuses the weights of another network", async () => {
  const alex = { ...torchvision, "features.0.weight": lpipsWeights("alex")["net.slice1.0.weight"]! };
  expect(await refusal(fileOf(alex), "trunk", /lpips\.LPIPS\(net="squeeze"\)/)).toMatch(
    /of another size: features\.0\.weight is \[64, 3, 11, 11\], LPIPS on SqueezeNet 1\.1 has \[64, 3, 3, 3\]/,
  );
});

it("refuses a parameter given twice", async () => {
  const twice = { ...torchvision, "net.slice1.0.bias": trunk["net.slice1.0.bias"]! };
  expect(await refusal(fileOf(twice), "trunk", /state dict/)).toMatch(
    /features\.0\.bias and net\.slice1\.0\.bias of .* are one parameter/,
  );
});

it("refuses what is no file of tensors, and no file", async () => {
  const text = join(temporaryFolder(), "text");
  writeFileSync(text, "words");
  expect(await refusal(text, "trunk", /./)).toMatch(/lpips\.trunk: .*not a file of tensors/);
  expect(await refusal(`${text}.none`, "trunk", /./)).toMatch(/cannot be read/);
});
