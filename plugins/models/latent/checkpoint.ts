/**
 * Both halves of a latent model in one file: `vae_ema/…` by diffusers' names, `dit_ema/…` or `sit_ema/…` by DiT's, which are
 * SiT's too, each half's averages, and `latent_scale`, what latents were multiplied by.
 */
import { UserError } from "../../../harness/errors.ts";
import { type Differences, differences, type Shapes } from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { StageWeights } from "../../../harness/plugin.ts";
import type { Tensors } from "../../../harness/program/index.ts";
import { openWeights, readWeights, requireSame, shapesOf } from "../../../harness/weights/weights-file.ts";
import { OBJECTIVES, type Objective, titleOf } from "../solvers/latent/objective.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { autoencoderStates } from "./autoencoder-checkpoint.ts";
import type { DitConfig } from "./dit.ts";
import { ditStates, HEAD, SCALE, withHead } from "./dit-states.ts";

const PREFIXES = { VAE: "vae_ema/", DiT: "dit_ema/", SiT: "sit_ema/" } as const;
export type Half = keyof typeof PREFIXES;

/** The stages that make a model of that objective. */
export const halvesOf = (objective: Objective): readonly Half[] => ["VAE", titleOf(objective)];

/** What the stages handed on, by the file's names. */
export const packed = (weights: StageWeights): Tensors =>
  Object.fromEntries(
    (Object.keys(PREFIXES) as Half[]).flatMap((half) =>
      Object.entries(weights[half] ?? {}).map(([name, tensor]) => [inFile(half, name), tensor]),
    ),
  );

const inFile = (half: Half, name: string): string => (name === SCALE ? SCALE : PREFIXES[half] + name);

/** Shapes of all that a stage hands on. */
const handedOn = (half: Half, autoencoder: AutoencoderConfig, config: DitConfig): Shapes =>
  half === "VAE"
    ? shapesOf(autoencoderStates(autoencoder))
    : new Map([...shapesOf(ditStates(config)), [SCALE, []]]);

export interface OpenCheckpoint {
  read(half: Half): Promise<Tensors>;
  close(): Promise<void>;
}

const FIX =
  "give what `epg-bench export safetensors` writes of a latent entry of this size, resolution and classes";

/**
 * Opens such a file: all names and shapes are compared, no number is read yet.
 * @param title what errors call the model
 * @throws UserError
 */
export async function openCheckpoint(
  path: string,
  autoencoder: AutoencoderConfig,
  config: DitConfig,
  objective: Objective,
  title: string,
): Promise<OpenCheckpoint> {
  const source = { path, option: "weights" };
  const file = await openWeights(source);
  try {
    refuseOther(path, file, objective);
    const head = file.tensors.get(inFile(titleOf(objective), HEAD))?.shape;
    const network = withHead(config, head);
    const halves = new Map(
      halvesOf(objective).map((half) => [half, handedOn(half, autoencoder, network)] as const),
    );
    requireSame(source, differencesOf(file, halves), { title, noun: "tensors", fix: FIX });
    return {
      read: (half) =>
        readWeights(
          source,
          [...halves.get(half)!].map(([name, shape]) => ({
            name,
            shape,
            tensor: file.tensors.get(inFile(half, name))!,
          })),
        ),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The networks are alike, so that only the prefix tells what one was trained for. */
function refuseOther(path: string, { tensors }: TensorFile, wanted: Objective): void {
  const names = [...tensors.keys()];
  const holds = (objective: Objective): boolean =>
    names.some((name) => name.startsWith(PREFIXES[titleOf(objective)]));
  const other = OBJECTIVES.find((objective) => objective !== wanted && holds(objective));
  if (other && !holds(wanted))
    throw new UserError(
      `weights: ${path} holds a ${titleOf(other)}, trained for objective "${other}" (${PREFIXES[titleOf(other)]}…); the entry's objective is "${wanted}"`,
      `use objective: "${other}" with it, or weights of a ${titleOf(wanted)}`,
    );
}

function differencesOf({ tensors }: TensorFile, halves: ReadonlyMap<Half, Shapes>): Differences {
  const expected: Shapes = new Map(
    [...halves].flatMap(([half, shapes]) =>
      [...shapes].map(([name, shape]) => [inFile(half, name), shape] as const),
    ),
  );
  return differences(expected, new Map([...tensors].map(([name, { shape }]) => [name, shape])));
}
