/**
 * EPG's weights in files that others, or we, made. Names are the published ones, so that loading is the identity; the
 * released training script keeps flat files apart (nnet.pth, nnet_ema.pth, target_model.pth: AMAP-ML/EPG
 * `rcm/gen_train_utils.py`), others put several parts into one, each under its prefix.
 */
import {
  type Differences,
  differences,
  type PartRole,
  partsWith,
  roleOf,
  type Shapes,
  type StateDictPart,
} from "../../../harness/formats/state-dict.ts";
import type { NamedShapes } from "../../../harness/plugin.ts";
import { type Program, type State, trace } from "../../../harness/program/index.ts";
import { type ProjectorShape, project } from "./layers.ts";
import { network as encoderDecoder, type NetworkShape, representation } from "./network.ts";

/** Every part of EPG begins with it, a pre-trained encoder too. */
export const ANCHOR = "patch_embed.proj.weight";
export const PROJECTOR = "projection_head.";
export const DECODER = "decoder_blocks.";

export interface EpgPart extends StateDictPart {
  readonly role: PartRole | null;
  /** A pre-trained encoder with its projector, or the encoder-decoder. */
  readonly kind: "encoder" | "encoder-decoder";
}

/** The parts of a file that are EPG's. */
export const epgParts = (file: NamedShapes): EpgPart[] =>
  partsWith(ANCHOR, file.shapes).flatMap(({ prefix, shapes }): EpgPart[] => {
    const kind = kindOf(shapes);
    return kind === null ? [] : [{ prefix, shapes, kind, role: roleIn(file, prefix, kind) }];
  });

/** Those that may be a pre-trained encoder: an encoder without its projector is like any vision transformer. */
export const encoderParts = (file: NamedShapes): EpgPart[] =>
  partsWith(ANCHOR, file.shapes).flatMap(({ prefix, shapes }): EpgPart[] =>
    kindOf(shapes) === "encoder-decoder"
      ? []
      : [{ prefix, shapes, kind: "encoder", role: roleIn(file, prefix, "encoder") }],
  );

function kindOf(shapes: Shapes): EpgPart["kind"] | null {
  const has = (start: string): boolean => [...shapes.keys()].some((name) => name.startsWith(start));
  return has(DECODER) ? "encoder-decoder" : has(PROJECTOR) ? "encoder" : null;
}

function roleIn({ path, metadata }: NamedShapes, prefix: string, kind: EpgPart["kind"]): PartRole | null {
  const told = prefix === "" ? metadata.get("part") : undefined;
  const role = isRole(told) ? told : roleOf(prefix, path);
  // The average that our pre-training keeps is its target.
  return kind === "encoder" && role === "ema" ? "target" : role;
}

const isRole = (text: string | undefined): text is PartRole =>
  text === "online" || text === "ema" || text === "target";

/** Every parameter of the encoder-decoder. */
export const networkStates = (shape: NetworkShape): readonly State[] =>
  trace("epg.network", (p) => {
    const x = p.input("x", [1, 3, shape.resolution, shape.resolution]);
    p.output("y", encoderDecoder(p, shape, x, p.input("time", [1]), p.input("labels", [1], "int32")));
  }).states;

/** Every parameter of the encoder as pre-training leaves it, and its projector's with their statistics. */
export const encoderStates = (shape: NetworkShape, projector: ProjectorShape | null): readonly State[] =>
  encoderProgram(shape, projector, 1).states;

/** Images x as the network takes them (times c_in) and `time` → `representation`, and `projected`. */
export const encoderProgram = (
  shape: NetworkShape,
  projector: ProjectorShape | null,
  batch: number,
): Program =>
  trace("epg.encoder", (p) => {
    const x = p.input("x", [batch, 3, shape.resolution, shape.resolution]);
    const z = representation(p, shape, x, p.input("time", [batch]));
    p.output("representation", z);
    if (projector) p.output("projected", project(p, projector, z, "running").output);
  });

/** A projector is no surplus where none is wanted: it is what pre-training left, and nothing samples with it. */
export function partDifferences(expected: Shapes, { shapes }: EpgPart): Differences {
  const isProjector = (name: string): boolean => name.startsWith(PROJECTOR);
  const wanted = [...expected.keys()].some(isProjector);
  return differences(expected, shapes, (name) => !wanted && isProjector(name));
}

/** "ema (under nnet_ema/)" */
export const told = ({ role, prefix }: EpgPart): string =>
  `${role ?? "unnamed"}${prefix === "" ? "" : ` (under ${prefix})`}`;
