/**
 * A DiT's weights in files that others, or we, made, under the released names: a flat file, a training checkpoint
 * (`model`, `ema`, `opt`, `args`: facebookresearch/DiT `train.py`), or a latent model's of ours.
 */
import { UserError } from "../../../harness/errors.ts";
import {
  type Differences,
  differences,
  type PartRole,
  partsWith,
  roleOf,
  type Shape,
  type Shapes,
  type StateDictPart,
} from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import { type State, sizeOf, type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
import {
  chosenPart,
  openWeights,
  readWeights,
  requireSame,
  type WeightsFile,
} from "../../../harness/weights/weights-file.ts";
import { type DitConfig, dit } from "./dit.ts";

/** Every DiT has it. */
const ANCHOR = "x_embedder.proj.weight";
const HEAD = "final_layer.linear.weight";
const LABELS = "y_embedder.embedding_table.weight";
const POSITIONS = "pos_embed";
/** What latents were multiplied by; beside the network in files of ours. */
const SCALE = "latent_scale";

interface DitPart extends StateDictPart {
  readonly role: PartRole | null;
}

/** The DiTs in a file. */
export const ditsIn = (path: string, all: Shapes): DitPart[] =>
  partsWith(ANCHOR, all).map((part) => ({ ...part, role: roleOf(part.prefix, path) }));

/** Every parameter, and the table of positions. */
export const ditStates = (config: DitConfig): readonly State[] =>
  trace("dit", (p) => {
    const x = p.input("x", [1, config.latentChannels, config.side, config.side]);
    p.output("out", dit(p, x, p.input("t", [1]), p.input("labels", [1], "int32"), config));
  }).states;

/** The network whose head has the shape that is found: it predicts the variance too, or the noise alone. */
const withHead = (config: DitConfig, head: Shape | undefined): DitConfig =>
  head?.[0] === config.patch ** 2 * config.latentChannels
    ? { ...config, outputChannels: config.latentChannels }
    : config;

const OPTION = "dit.weights";

export interface WantedDit {
  readonly config: DitConfig;
  /** What errors call it. */
  readonly title: string;
  /** Of a file with several, the part that is wanted; null: the average where there is one. */
  readonly role: PartRole | null;
  /** Guidance that is asked for by name; null: none is. */
  readonly guidanceScale: number | null;
}

export interface OpenDit {
  /** What of the file is taken: "the part ema (under ema/), no variance learned". */
  readonly part: string;
  /** In float32, by the network's names; what the file lacks and can be told without it is there too. */
  read(): Promise<Tensors>;
  /** What its latents were multiplied by; null: the file does not tell. */
  latentScale(): Promise<Tensor | null>;
  close(): Promise<void>;
}

/**
 * Opens a DiT's weights: all names and shapes are compared, no number is read yet. Positions may be left out, since they
 * are fixed, and so may the label table of a network without classes.
 * @throws UserError
 */
export async function openDit(path: string, wanted: WantedDit): Promise<OpenDit> {
  const source = { path, option: OPTION };
  const file = await openWeights(source);
  try {
    const part = chosen(source, file, wanted.role);
    refuseGuidance(source, part, wanted);
    const config = withHead(wanted.config, part.shapes.get(HEAD));
    const states = ditStates(config);
    requireSame(source, differencesIn(part, states, config), {
      title: wanted.title,
      noun: "parameters",
      fix: "`epg-bench inspect` tells which size it is; name that, its resolution and its classes",
    });
    const inFile = (name: string) => file.tensors.get(part.prefix + name);
    const taken = states.flatMap(({ name, value: { shape } }) => {
      const tensor = isLeftOut(part, name, config) ? undefined : inFile(name);
      return tensor ? [{ name, shape, tensor }] : [];
    });
    const scale = file.tensors.get(SCALE);
    return {
      part: told(part, config),
      read: async () => ({ ...leftOut(part, states, config), ...(await readWeights(source, taken)) }),
      latentScale: async () =>
        scale ? (await readWeights(source, [{ name: SCALE, shape: [], tensor: scale }]))[SCALE]! : null,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const PREFERRED: readonly (PartRole | null)[] = ["ema", null, "online", "target"];

function chosen(source: WeightsFile, { tensors, format }: TensorFile, role: PartRole | null): DitPart {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const parts = ditsIn(source.path, shapes);
  if (parts.length === 0)
    throw new UserError(
      `${OPTION}: ${source.path} (${format}, ${tensors.size} tensors) holds no DiT: nothing in it is named ${ANCHOR}`,
      "`epg-bench inspect` tells what it holds",
    );
  return chosenPart(source, parts, { role, preferred: PREFERRED, noun: "DiTs", told: under });
}

const under = ({ role, prefix }: DitPart): string =>
  `${role ?? "unnamed"}${prefix === "" ? "" : ` (under ${prefix})`}`;

const told = (part: DitPart, { outputChannels, latentChannels }: DitConfig): string =>
  `the part ${under(part)}${outputChannels === latentChannels ? ", whose variance is not learned" : ""}`;

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
  const { missing, surplus, misshapen } = differences(
    new Map(wanted.map(({ name, value }) => [name, value.shape])),
    part.shapes,
    mayHave,
  );
  const inFile = (name: string): string => part.prefix + name;
  return {
    missing: missing.map(inFile),
    surplus: surplus.map(inFile),
    misshapen: misshapen.map((one) => ({ ...one, name: inFile(one.name) })),
  };
}
