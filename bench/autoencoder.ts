/**
 * What convolutional nets cost against PyTorch: a training step of the VAE, SD-VAE's decoding at 256 px, and single
 * layers with their gradients.
 */
import {
  add,
  conv2d,
  gradients,
  groupNorm,
  mean,
  type Program,
  square,
  sum,
  type Tensor,
  type Tracer,
  trace,
  type Value,
} from "../harness/program/index.ts";
import { createStream, type Stream } from "../harness/random/index.ts";
import { initialState } from "../harness/run/initial-state.ts";
import { type AutoencoderConfig, decode } from "../plugins/models/latent/autoencoder.ts";
import { SD_VAE, SIZES } from "../plugins/models/latent/sizes.ts";
import { vaeStep } from "../plugins/models/latent/vae-stage.ts";
import type { BenchRow } from "./row.ts";
import { compareSteps, type StepBench } from "./steps.ts";

const normals = (random: Stream, shape: readonly number[], deviation = 1): Tensor => {
  const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
  random.fillNormal(data);
  return { dtype: "float32", shape, data: data.map((value) => deviation * value) };
};

/** A peer's setting of a net is its config. */
const peerOf = (
  weights: StepBench["peer"]["weights"],
  setting: { readonly kind: string } & Readonly<Record<string, unknown>>,
): StepBench["peer"] => ({
  script: "autoencoder.py",
  weights,
  setting,
  modes: ["eager", "compile"],
});

/** A step of `small`, L1 and KL, 16 images of 64 px. */
async function trainingStep(): Promise<BenchRow> {
  const { autoencoder, vaeStage } = SIZES.small;
  const program = vaeStep(autoencoder, vaeStage.batchSize, 64, {
    perceptual: null,
    adversarialWeight: null,
  });
  const random = createStream(0, "bench", "vae-step");
  const state = initialState(program, random.stream("state"));
  const optimiser = { learningRate: 1e-4, beta1: 0.5, beta2: 0.9, emaDecay: 0.99 };
  const weights = Object.fromEntries(
    program.states.filter(({ trainable }) => trainable).map(({ name }) => [name, state[name]!]),
  );
  return compareSteps({
    id: "vae-step",
    program,
    state,
    batch: Object.fromEntries(
      ["images", "noise"].map((name) => {
        const { shape } = program.inputs[name]!;
        return [name, normals(random.stream(name), shape, name === "images" ? 0.5 : 1)];
      }),
    ),
    optimiser,
    peer: peerOf(weights, { kind: "train", ...autoencoder, ...optimiser }),
    rounds: 6,
    steps: 2,
  });
}

/** One image of 256 px from its latents. */
async function decoding(config: AutoencoderConfig): Promise<BenchRow> {
  const z = [1, config.latentChannels, 32, 32];
  const program = trace("decode", (p) => p.output("loss", mean(square(decode(p, p.input("z", z), config)))));
  const random = createStream(0, "bench", "decode");
  const state = initialState(program, random.stream("state"));
  return compareSteps({
    id: "sd-vae-decode",
    program,
    state,
    batch: { z: normals(random.stream("z"), z) },
    optimiser: null,
    peer: peerOf(state, { kind: "decode", ...config }),
    rounds: 5,
    steps: 1,
  });
}

interface Layer {
  readonly shape: readonly [number, number, number, number];
  /** Shapes of its weight and bias. */
  readonly parameters: readonly [weight: readonly number[], bias: readonly number[]];
  readonly apply: (x: Value, weight: Value, bias: Value) => Value;
  /** Gradients in: all three, or the weight alone. */
  readonly wanted: readonly ("x" | "weight" | "bias")[];
  readonly setting: { readonly kind: string } & Readonly<Record<string, unknown>>;
}

const ALL = ["x", "weight", "bias"] as const;

const convolution = (n: number, channels: number, side: number, wanted: Layer["wanted"] = ALL): Layer => ({
  shape: [n, channels, side, side],
  parameters: [[channels, channels, 3, 3], [channels]],
  apply: (x, weight, bias) => conv2d(x, weight, bias, { padding: 1 }),
  wanted,
  setting: { kind: "conv2d", wanted },
});

const normalization = (n: number, channels: number, side: number): Layer => ({
  shape: [n, channels, side, side],
  parameters: [[channels], [channels]],
  apply: (x, weight, bias) => groupNorm(x, weight, bias, 32, 1e-6),
  wanted: ALL,
  setting: { kind: "groupNorm", wanted: ALL },
});

/** Forward, then the wanted gradients of the mean square of what comes out; "loss" is the sum of their squares. */
function layerProgram({ shape, parameters: [weight, bias], apply, wanted }: Layer): Program {
  return trace("layer", (p: Tracer) => {
    // Inputs, since what never changes would be computed once, when the program is compiled.
    const inputs = {
      x: p.input("x", shape),
      weight: p.input("weight", weight),
      bias: p.input("bias", bias),
    };
    const energy = mean(square(apply(inputs.x, inputs.weight, inputs.bias)));
    const found = gradients(
      energy,
      wanted.map((name) => inputs[name]),
    );
    p.output("energy", energy);
    p.output(
      "loss",
      found.map((gradient) => sum(square(gradient))).reduce((total, one) => add(total, one)),
    );
  });
}

async function layerStep(id: string, layer: Layer): Promise<BenchRow> {
  const random = createStream(0, "bench", id);
  const [weight, bias] = layer.parameters;
  const inputs = {
    x: normals(random.stream("x"), layer.shape),
    weight: normals(random.stream("weight"), weight, 0.1),
    bias: normals(random.stream("bias"), bias, 0.1),
  };
  return compareSteps({
    id,
    program: layerProgram(layer),
    state: {},
    batch: inputs,
    optimiser: null,
    peer: peerOf({}, layer.setting),
    rounds: 8,
    steps: 5,
  });
}

const LAYERS: Readonly<Record<string, Layer>> = {
  "conv2d-128": convolution(16, 128, 32),
  "conv2d-128-weight": convolution(16, 128, 32, ["weight"]),
  "conv2d-64": convolution(16, 64, 64),
  "conv2d-256": convolution(4, 256, 32),
  "group-norm-128": normalization(16, 128, 32),
};

export const AUTOENCODER: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "vae-step": trainingStep,
  "sd-vae-decode": () => decoding(SD_VAE),
  ...Object.fromEntries(Object.entries(LAYERS).map(([id, layer]) => [id, () => layerStep(id, layer)])),
};
