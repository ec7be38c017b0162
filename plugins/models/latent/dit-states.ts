/** What a DiT's state dict holds, under the released names. */
import {
  type PartRole,
  partsWith,
  roleOf,
  type Shape,
  type Shapes,
  type StateDictPart,
} from "../../../harness/formats/state-dict.ts";
import { type State, type Tensors, trace } from "../../../harness/program/index.ts";
import { type DitConfig, dit } from "./dit.ts";

/** Every DiT has it. */
export const ANCHOR = "x_embedder.proj.weight";
export const HEAD = "final_layer.linear.weight";
export const LABELS = "y_embedder.embedding_table.weight";
export const POSITIONS = "pos_embed";
/** What latents were multiplied by; beside the network in files of ours, and in what its stage hands on. */
export const SCALE = "latent_scale";

export interface DitPart extends StateDictPart {
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
export const withHead = (config: DitConfig, head: Shape | undefined): DitConfig =>
  head?.[0] === config.patch ** 2 * config.latentChannels
    ? { ...config, outputChannels: config.latentChannels }
    : config;

/** The network that weights are of. */
export const ditOf = (config: DitConfig, weights: Tensors): DitConfig =>
  withHead(config, weights[HEAD]?.shape);
