/** Optimisers over a traced loss. Whatever changes from step to step is a scalar input the host computes. */
import { gradients } from "./gradient.ts";
import { zeros } from "./initialiser.ts";
import { add, div, minimum, mul, sub } from "./ops/arithmetic.ts";
import { sqrt } from "./ops/elementwise.ts";
import { type AdamWSettings, adamwUpdate } from "./ops/optimizer.ts";
import { sum } from "./ops/reduction.ts";
import type { Tensors, Value } from "./tensor.ts";
import type { Tracer } from "./trace.ts";

export interface AdamWOptions extends Omit<AdamWSettings, "epsilon"> {
  readonly epsilon?: number;
  /** Scale the gradient to at most the norm of the input `clip` (∞ for none). */
  readonly clip?: boolean;
  /** Keep exponential moving averages of the parameters as states `ema/…`, with the decay of input `emaDecay`. */
  readonly ema?: boolean;
}

/**
 * Adds one AdamW step on every parameter declared so far: inputs `learningRate`, `correction1`, `correction2`
 * (and `clip`, `emaDecay`), states `adam.m/…`, `adam.v/…` (and `ema/…`), output `gradientNorm` (before clipping).
 */
export function adamw(p: Tracer, loss: Value, options: AdamWOptions): void {
  const { epsilon = 1e-8, clip = false, ema = false } = options;
  const parameters = p.parameters();
  if (parameters.length === 0) throw new Error("adamw: expected parameters, got none");
  const raw = gradients(
    loss,
    parameters.map(({ value }) => value),
  );
  const norm = sqrt(raw.map((g) => sum(mul(g, g))).reduce((a, b) => add(a, b)));
  p.output("gradientNorm", norm);
  const scale = clip ? minimum(1, div(p.input("clip", []), add(norm, 1e-6))) : null;

  const scalars = {
    learningRate: p.input("learningRate", []),
    correction1: p.input("correction1", []),
    correction2: p.input("correction2", []),
  };
  const decay = ema ? p.input("emaDecay", []) : null;
  parameters.forEach(({ name, value }, i) => {
    const m = p.state(`adam.m/${name}`, value.shape, zeros);
    const v = p.state(`adam.v/${name}`, value.shape, zeros);
    const g = scale ? mul(raw[i]!, scale) : raw[i]!;
    const next = adamwUpdate(value, g, m, v, scalars, { ...options, epsilon });
    p.update(name, next.parameter);
    p.update(`adam.m/${name}`, next.m);
    p.update(`adam.v/${name}`, next.v);
    if (decay) updateAverage(p, name, next.parameter, decay);
  });
}

/** ema' = θ' + decay·(ema − θ') */
function updateAverage(p: Tracer, name: string, next: Value, decay: Value): void {
  const average = p.state(`ema/${name}`, next.shape, { kind: "copyOf", state: name });
  p.update(`ema/${name}`, add(next, mul(sub(average, next), decay)));
}

export interface AdamWStep {
  /** From 0. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly clip?: number;
  readonly emaDecay?: number;
}

/** The scalar inputs `adamw` declared, for one step. */
export function adamwInputs({ step, learningRate, beta1, beta2, clip, emaDecay }: AdamWStep): Tensors {
  const values: Record<string, number> = {
    learningRate,
    correction1: 1 / (1 - beta1 ** (step + 1)),
    correction2: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
    ...(clip === undefined ? {} : { clip: Math.min(clip, 3e38) }),
    ...(emaDecay === undefined ? {} : { emaDecay }),
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalar(value)]));
}

/** A float32 scalar in host memory. */
export const scalar = (value: number): Tensors[string] => ({
  dtype: "float32",
  shape: [],
  data: Float32Array.of(value),
});
