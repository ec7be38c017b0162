/** What sampling an image takes, found by sampling one on a backend that computes nothing. */
import { countingRuntime } from "../measure/counting.ts";
import { dryBackend } from "../measure/dry-backend.ts";
import type { CountedSampling } from "../measure/ledger.ts";
import type { Model, ModelContext, Role, StageWeights, Task } from "../plugin.ts";
import type { Program, Tensor, Tensors } from "../program/index.ts";
import { createStream } from "../random/index.ts";

export interface DrySampling extends CountedSampling {
  /** Network calls an image, guidance's counted. */
  readonly nfe: number;
  /** Of attention's two products in one call of the network, which some published counts leave out. */
  readonly attentionMacsPerCall: number;
  readonly description: Readonly<Record<string, string | number | boolean>>;
  /** The calls are those on a network that answers 0; on another they are others. */
  readonly adaptive: boolean;
}

/** The calls are made by the model's own loops; where they hang on what the network says, it is said that they do. */
export async function drySampling(
  model: Model,
  options: never,
  task: Task,
  context: ModelContext,
): Promise<DrySampling> {
  const networks: Program[] = [];
  const counting = countingRuntime(dryBackend);
  const runtime = {
    compile(program: Program, state: Tensors, role: Role) {
      if (role === "network") networks.push(program);
      return counting.compile(program, state, role);
    },
  };
  const sampler = await model.sampler(options, task, ANY_WEIGHTS, runtime, 1, context);
  await sampler.sample([createStream(0, "sample", 0)], [task.classes > 0 ? 0 : -1]);
  await sampler.dispose();
  const { network, decoder } = counting.tallies;
  return {
    n: 1,
    batchSize: 1,
    nfe: network.calls,
    macsPerImage: network.macs + decoder.macs,
    flopsPerImage: network.flops + decoder.flops,
    decoderCalls: decoder.calls,
    decoderMacsPerImage: decoder.macs,
    decoderFlopsPerImage: decoder.flops,
    networkParameters: network.parameters,
    decoderParameters: decoder.parameters,
    told: null,
    attentionMacsPerCall: attentionMacs(networks[0]!),
    description: sampler.description,
    adaptive: sampler.adaptive ?? false,
  };
}

const attentionMacs = ({ nodes }: Program): number =>
  nodes
    .filter(({ op }) => op.name === "attention")
    .reduce(
      (total, { op, inputs, outputs, attributes }) => total + op.cost(inputs, outputs, attributes).macs,
      0,
    );

const ONE: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(1) };
const ANY_TENSORS: Tensors = new Proxy({}, { get: () => ONE });
/** Stands for weights of whatever names: no network reads them, and a scale that a sampler reads itself is 1. */
const ANY_WEIGHTS: StageWeights = new Proxy({}, { get: () => ANY_TENSORS });
