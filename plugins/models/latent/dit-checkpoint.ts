/**
 * A DiT's weights in files that others, or we, made, under the released names: a flat file, a training checkpoint
 * (`model`, `ema`, `opt`, `args`: facebookresearch/DiT `train.py`), or a latent model's of ours.
 */
import { UserError } from "../../../harness/errors.ts";
import { type Differences, differences, type PartRole } from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { OpenPretrained } from "../../../harness/plugin.ts";
import { type State, scalar, sizeOf, type Tensors } from "../../../harness/program/index.ts";
import {
  chosenPart,
  OtherNetwork,
  openWeights,
  readWeights,
  requireSame,
  shapesOf,
  type WeightsFile,
} from "../../../harness/weights/weights-file.ts";
import type { DitConfig } from "./dit.ts";
import {
  ANCHOR,
  type DitPart,
  ditStates,
  ditsIn,
  HEAD,
  LABELS,
  POSITIONS,
  SCALE,
  withHead,
} from "./dit-states.ts";

const OPTION = "dit.weights";

export interface WantedDit {
  readonly config: DitConfig;
  /** What errors call it. */
  readonly title: string;
  /** Networks of both kinds are alike: a file of ours alone tells them apart, by its prefix. */
  readonly kind: "DiT" | "SiT";
  /** Of a file with several, the part that is wanted; null: the average where there is one. */
  readonly role: PartRole | null;
  /** Guidance that is asked for by name; null: none is. */
  readonly guidanceScale: number | null;
  /** What latents are multiplied by: what is asked for by name, null where the file is to tell; and where it does not. */
  readonly latentScale: number | null;
  readonly usualLatentScale: number | null;
}

/**
 * Opens a DiT's weights: all names and shapes are compared, no number is read yet. Positions may be left out, since they
 * are fixed, and so may the label table of a network without classes. What is read has `latent_scale` beside.
 * @throws UserError
 */
export async function openDit(path: string, wanted: WantedDit): Promise<OpenPretrained> {
  const source = { path, option: OPTION };
  const file = await openWeights(source);
  try {
    const part = chosen(source, file, wanted.role);
    refuseOtherKind(source, part, wanted);
    refuseGuidance(source, part, wanted);
    const config = withHead(wanted.config, part.shapes.get(HEAD));
    const states = ditStates(config);
    requireSame(source, differencesIn(part, states, config), {
      title: wanted.title,
      noun: "parameters",
      fix: "name the size, resolution and classes that it is of, or another file",
    });
    const scale = await scaleOf(source, file, wanted);
    const taken = states.flatMap(({ name, value: { shape } }) => {
      const tensor = isLeftOut(part, name, config) ? undefined : file.tensors.get(part.prefix + name);
      return tensor ? [{ name, shape, tensor }] : [];
    });
    return {
      part: told(part, config),
      read: async () => ({
        ...leftOut(part, states, config),
        ...(await readWeights(source, taken)),
        [SCALE]: scalar(scale),
      }),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * What latents are multiplied by, as option, file or size tell.
 * @throws UserError where none does, the file's is no scale, or the two disagree
 */
async function scaleOf(
  source: WeightsFile,
  { tensors }: TensorFile,
  { latentScale, usualLatentScale, title }: WantedDit,
): Promise<number> {
  const tensor = tensors.get(SCALE);
  const own =
    tensor && sizeOf(tensor.shape) === 1
      ? (await readWeights(source, [{ name: SCALE, shape: tensor.shape, tensor }]))[SCALE]!.data[0]!
      : null;
  if (own !== null && !(own > 0 && Number.isFinite(own)))
    throw new UserError(
      `${source.path}: its ${SCALE} is ${own}, which no latents can be multiplied by`,
      "give a file whose latent_scale is positive, or one without it and latentScale: …",
    );
  if (own !== null && latentScale !== null && Math.abs(own / latentScale - 1) > 1e-5)
    throw new UserError(
      `latentScale is ${latentScale}, but ${source.path} tells that its latents were multiplied by ${own}`,
      "leave latentScale out",
    );
  const scale = own ?? latentScale ?? usualLatentScale;
  if (scale === null)
    throw new UserError(
      `latentScale: ${source.path} does not tell what its latents were multiplied by, and for ${title} no number is usual`,
      "give the number, latentScale: …",
    );
  return scale;
}

const PREFERRED: readonly (PartRole | null)[] = ["ema", null, "online", "target"];

function chosen(source: WeightsFile, { tensors, format }: TensorFile, role: PartRole | null): DitPart {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const parts = ditsIn(source.path, shapes);
  if (parts.length === 0)
    throw new OtherNetwork(
      `${OPTION}: ${source.path} (${format}, ${tensors.size} tensors) holds no DiT: nothing in it is named ${ANCHOR}`,
      "`epg-bench inspect` tells what it holds",
    );
  return chosenPart(source, parts, { role, preferred: PREFERRED, noun: "DiTs", told: under });
}

const under = ({ role, prefix }: DitPart): string =>
  `${role ?? "unnamed"}${prefix === "" ? "" : ` (under ${prefix})`}`;

const told = (part: DitPart, { outputChannels, latentChannels }: DitConfig): string =>
  `the part ${under(part)}${outputChannels === latentChannels ? ", whose variance is not learned" : ""}`;

/** @throws UserError for a SiT of ours in a DiT's place, and the other way round */
function refuseOtherKind({ path }: WeightsFile, { prefix }: DitPart, { kind }: WantedDit): void {
  const [other, objective] = kind === "DiT" ? ["SiT", "flow"] : ["DiT", "diffusion"];
  if (prefix.endsWith(`${other.toLowerCase()}_ema/`))
    throw new UserError(
      `${OPTION}: ${path} holds a ${other} (${prefix}…), and the entry is of a ${kind}`,
      `use objective: "${objective}" with it, or give a ${kind}`,
    );
}

/** Rows of the table of labels: one a class, and the null label's. */
const labelRows = ({ shapes }: DitPart): number => shapes.get(LABELS)?.[0] ?? 0;

/** @throws UserError where labels, or guidance by them, are asked of a network that knows none */
function refuseGuidance({ path }: WeightsFile, part: DitPart, { config, guidanceScale }: WantedDit): void {
  const rows = labelRows(part);
  if (rows > 1) return;
  const file = `${OPTION} ${path} is class-free: ${rows === 0 ? `it has no ${LABELS}` : `its ${LABELS} has one row`}`;
  if (guidanceScale !== null && guidanceScale !== 1)
    throw new UserError(
      `guidance.scale is ${guidanceScale}, but ${file}; there is no label to guide by`,
      "use guidance: { scale: 1 }, and unconditional: true beside the data set",
    );
  if (config.classes > 0)
    throw new UserError(
      `${file}; the data have ${config.classes} classes`,
      "say unconditional: true beside the data set",
    );
}

const isLeftOut = (part: DitPart, name: string, { classes }: DitConfig): boolean =>
  (name === POSITIONS && !part.shapes.has(POSITIONS)) ||
  (name === LABELS && classes === 0 && labelRows(part) === 0);

/** The fixed positions; no label at all, which adds nothing to the conditioning. */
function leftOut(part: DitPart, states: readonly State[], config: DitConfig): Tensors {
  const filled = states.filter(({ name }) => isLeftOut(part, name, config));
  return Object.fromEntries(
    filled.map(({ name, value: { shape }, initialiser }) => [
      name,
      {
        dtype: "float32",
        shape,
        data:
          initialiser.kind === "values"
            ? Float32Array.from(initialiser.data)
            : new Float32Array(sizeOf(shape)),
      },
    ]),
  );
}

/** By the names that the file has. */
function differencesIn(part: DitPart, states: readonly State[], config: DitConfig): Differences {
  const wanted = states.filter(({ name }) => !isLeftOut(part, name, config));
  const mayHave = (name: string): boolean => name === SCALE || isLeftOut(part, name, config);
  const { missing, surplus, misshapen } = differences(shapesOf(wanted), part.shapes, mayHave);
  const inFile = (name: string): string => part.prefix + name;
  return {
    missing: missing.map(inFile),
    surplus: surplus.map(inFile),
    misshapen: misshapen.map((one) => ({ ...one, name: inFile(one.name) })),
  };
}
