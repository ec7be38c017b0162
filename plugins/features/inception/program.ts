/** Inception-v3 as a program with the taps asked for: each a row of features an image. */
import {
  add,
  conv2d,
  matmul,
  mean,
  type Program,
  relu,
  reshape,
  slice,
  type Tracer,
  trace,
  transpose,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";
import { ACTIVATIONS, type Activation, CLASSES, FEATURES, inceptionV3, SIDE, type Unit } from "./network.ts";

/**
 * Numbers an image at each tap. "64", "192", "768" and "2048" are means over space; "spatial" is channels
 * 0 … 6 of Mixed_6d's first branch after its ReLU, flattened (row, column, channel), the tap of sFID;
 * "logits_unbiased" is W·f without the bias, that of the Inception Score everywhere.
 */
export const TAPS = {
  "64": 64,
  "192": 192,
  "768": 768,
  "2048": FEATURES,
  spatial: 2023,
  logits: CLASSES,
  logits_unbiased: CLASSES,
} as const;

export type Tap = keyof typeof TAPS;

/** The channels of the spatial tap: 7 · 17 · 17 = 2023. */
const SPATIAL_CHANNELS = 7;

const isLogits = (tap: Tap): boolean => tap.startsWith("logits");

/** Batch norm folded away: the unit has a weight and a bias. */
export const foldedUnit =
  (p: Tracer): Unit =>
  (x, { name, out, in: channels, kernel, stride, padding }) => {
    const weight = p.state(`${name}.weight`, [out, channels, ...kernel], zeros);
    return relu(conv2d(x, weight, p.state(`${name}.bias`, [out], zeros), { stride, padding }));
  };

/**
 * Input `x` [batch, 3, 299, 299], preprocessed; an output [batch, TAPS[tap]] for every tap asked for. The
 * network ends after the last of them.
 * @param unitOf how convolution, batch norm and ReLU are made
 */
export const inceptionProgram = (
  taps: readonly Tap[],
  batch: number,
  unitOf: (p: Tracer) => Unit = foldedUnit,
): Program =>
  trace("inception", (p) => {
    const asked = new Set<Activation>(taps.map((tap) => (isLogits(tap) ? "2048" : (tap as Activation))));
    const last = ACTIVATIONS.findLast((activation) => asked.has(activation))!;
    const x = p.input("x", [batch, 3, SIDE, SIDE]);
    inceptionV3(x, unitOf(p), last, (activation, value) => {
      if (!asked.has(activation)) return;
      const row = activation === "spatial" ? spatialRow(value) : mean(value, [2, 3]);
      for (const tap of taps)
        if (tap === activation) p.output(tap, row);
        else if (activation === "2048" && isLogits(tap)) p.output(tap, logits(p, row, tap === "logits"));
    });
  });

function spatialRow(branch: Value): Value {
  const [n, , h, w] = branch.shape as readonly [number, number, number, number];
  const kept = transpose(slice(branch, 1, 0, SPATIAL_CHANNELS), [0, 2, 3, 1]);
  return reshape(kept, [n, h * w * SPATIAL_CHANNELS]);
}

function logits(p: Tracer, features: Value, biased: boolean): Value {
  const weight = p.state("fc.weight", [CLASSES, FEATURES], zeros);
  const product = matmul(features, weight, { transposeB: true });
  return biased ? add(product, p.state("fc.bias", [CLASSES], zeros)) : product;
}
