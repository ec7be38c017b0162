/**
 * The weights of LPIPS in files that others made, a half of them at a time: the classifier (torchvision's, or within
 * `lpips.LPIPS`'s state dict) and the linear layers (as published, or within the same). That state dict may also be the
 * training loss in a latent-diffusion autoencoder's checkpoint. What else a file holds is left alone.
 */
import { UserError } from "../../../harness/errors.ts";
import { differences } from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { OpenPretrained } from "../../../harness/plugin.ts";
import { type State, trace } from "../../../harness/program/index.ts";
import {
  openWeights,
  readWeights,
  requireSame,
  shapesOf,
  type WeightsFile,
} from "../../../harness/weights/weights-file.ts";
import { perceptualDistance } from "./perceptual.ts";
import type { PerceptualNet } from "./perceptual-nets.ts";
import { PERCEPTUAL_NETS, type PerceptualNetName, sliceOf } from "./perceptual-nets.ts";

export type PerceptualHalf = "trunk" | "linear";

/** What is called so in `lpips.LPIPS`. */
const PREFIXES = { trunk: "net.", linear: "lin" } as const;

function statesOf(net: PerceptualNet, half: PerceptualHalf): readonly State[] {
  const { states } = trace("lpips", (p) => {
    const image = (name: string) => p.input(name, [1, 3, net.smallest, net.smallest]);
    p.output("distance", perceptualDistance(p, net, image("x"), image("y")));
  });
  return states.filter(({ name }) => name.startsWith(PREFIXES[half]));
}

/** A tensor's name in `lpips.LPIPS`, whatever it is called in a file and under; null: it is none of LPIPS's. */
function ownName(net: PerceptualNet, name: string): string | null {
  const [, own] =
    /(?:^|[./])(net\.slice\d\.\d+\.(?:\w+\.)?(?:weight|bias)|lin\d\.model\.1\.weight)$/.exec(name) ?? [];
  if (own !== undefined) return own;
  const [, linear] = /(?:^|[./])lins\.(\d\.model\.1\.weight)$/.exec(name) ?? [];
  if (linear !== undefined) return `lin${linear}`;
  const [, index, part] = /(?:^|[./])features\.(\d+)\.((?:\w+\.)?(?:weight|bias))$/.exec(name) ?? [];
  return index === undefined ? null : `net.slice${sliceOf(net, Number(index))}.${index}.${part}`;
}

/** That state dict holds its linear layers twice, the second time as `lins.`. */
const isRepeated = (name: string): boolean => /(?:^|[./])lins\.\d\.model\.1\.weight$/.test(name);

/** The names in the file by those in `lpips.LPIPS`. @throws UserError for two that are one parameter */
function sourcesIn({ path, option }: WeightsFile, { tensors }: TensorFile, net: PerceptualNet, fix: string) {
  const found = new Map<string, string>();
  const names = [...tensors.keys()];
  for (const name of [...names.filter((one) => !isRepeated(one)), ...names.filter(isRepeated)]) {
    const own = ownName(net, name);
    if (own === null) continue;
    const before = found.get(own);
    if (before !== undefined && !isRepeated(name))
      throw new UserError(`${option}: ${before} and ${name} of ${path} are one parameter`, fix);
    if (before === undefined) found.set(own, name);
  }
  return found;
}

const fixOf = (net: PerceptualNetName, half: PerceptualHalf): string =>
  half === "trunk"
    ? `give torchvision's ${PERCEPTUAL_NETS[net].title} trained on ImageNet, or lpips.LPIPS(net="${net}")'s state dict`
    : `give lpips/weights/v0.1/${net}.pth of richzhang/PerceptualSimilarity, or lpips.LPIPS(net="${net}")'s state dict`;

/**
 * Opens half of LPIPS's weights: all names and shapes are compared, no number is read yet.
 * @param option what errors call the file
 * @throws UserError where it cannot be read, or lacks a tensor, holds one twice or one of another network
 */
export async function openPerceptual(
  path: string,
  option: string,
  name: PerceptualNetName,
  half: PerceptualHalf,
): Promise<OpenPretrained> {
  const net = PERCEPTUAL_NETS[name];
  const fix = fixOf(name, half);
  const source = { path, option };
  const file = await openWeights(source);
  try {
    const sources = sourcesIn(source, file, net, fix);
    const states = statesOf(net, half);
    const inFile = (own: string): string => sources.get(own) ?? own;
    const shapes = new Map([...sources].map(([own, named]) => [own, file.tensors.get(named)!.shape]));
    const { missing, misshapen } = differences(shapesOf(states), shapes);
    requireSame(
      source,
      { missing, misshapen: misshapen.map((one) => ({ ...one, name: inFile(one.name) })), surplus: [] },
      { title: `LPIPS on ${net.title}`, noun: "parameters", fix },
    );
    return {
      part: half === "trunk" ? `${net.title}'s convolutions` : `LPIPS's linear layers on ${net.title}`,
      read: () =>
        readWeights(
          source,
          states.map((state) => ({
            name: state.name,
            shape: state.value.shape,
            tensor: file.tensors.get(inFile(state.name))!,
          })),
        ),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
