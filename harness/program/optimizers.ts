/** Optimisers over a traced loss. Whatever changes from step to step is a scalar input the host computes. */
import { gradients } from "./gradient.ts";
import { zeros } from "./initialiser.ts";
import { add, div, minimum, mul, sub } from "./ops/arithmetic.ts";
import { sqrt } from "./ops/elementwise.ts";
import { type AdamWSettings, adamwUpdate } from "./ops/optimizer.ts";
import { sum } from "./ops/reduction.ts";
import { concat, reshape, split } from "./ops/shape.ts";
import { sizeOf, type Tensors, type Value } from "./tensor.ts";
import type { State, Tracer } from "./trace.ts";

export interface AdamWOptions extends Omit<AdamWSettings, "epsilon"> {
  readonly epsilon?: number;
  /** Scale the gradient to at most the norm of the input `clip` (∞ for none). */
  readonly clip?: boolean;
  /** Keep exponential moving averages of the parameters as states `ema/…`, with the decay of input `emaDecay`. */
  readonly ema?: boolean;
  /** The loss's by every parameter declared so far, where they were accumulated (`microBatches`). */
  readonly gradients?: readonly Value[];
}

/** Tensors of at most this many numbers are updated together: a step of many small ones is all overhead. */
const SMALL = 4096;

/**
 * Adds one AdamW step on every parameter declared so far: inputs `learningRate`, `correction1`, `correction2`
 * (and `clip`, `emaDecay`), states `adam.m/…`, `adam.v/…` (and `ema/…`), and with `clip` the output
 * `gradientNorm` (before clipping).
 */
export function adamw(p: Tracer, loss: Value, options: AdamWOptions): void {
  const { epsilon = 1e-8, clip = false, ema = false } = options;
  const parameters = p.parameters();
  if (parameters.length === 0) throw new Error("adamw: expected parameters, got none");
  const raw =
    options.gradients ??
    gradients(
      loss,
      parameters.map(({ value }) => value),
    );
  const groups = grouped(parameters, raw);
  const scale = clip ? clippedScale(p, groups) : null;
  const scalars = {
    learningRate: p.input("learningRate", []),
    correction1: p.input("correction1", []),
    correction2: p.input("correction2", []),
  };
  const decay = ema ? p.input("emaDecay", []) : null;
  for (const { name, members, gradient } of groups) {
    const value = together(members.map((member) => member.value));
    const m = p.state(`adam.m/${name}`, value.shape, zeros);
    const v = p.state(`adam.v/${name}`, value.shape, zeros);
    const g = scale ? mul(gradient, scale) : gradient;
    const next = adamwUpdate(value, g, m, v, scalars, { ...options, epsilon });
    p.update(`adam.m/${name}`, next.m);
    p.update(`adam.v/${name}`, next.v);
    apart(next.parameter, members).forEach((part, i) => {
      p.update(members[i]!.name, part);
    });
    if (decay) updateAverages(p, members, next.parameter, decay);
  }
}

interface Group {
  readonly name: string;
  readonly members: readonly State[];
  readonly gradient: Value;
}

/** Large parameters alone, the small ones as one vector. */
function grouped(parameters: readonly State[], raw: readonly Value[]): Group[] {
  const isSmall = ({ value }: State): boolean => sizeOf(value.shape) <= SMALL;
  const gradientOf = new Map(parameters.map((parameter, i) => [parameter, raw[i]!]));
  const small = parameters.filter(isSmall);
  const sets = [
    ...parameters.filter((one) => !isSmall(one)).map((one) => [one]),
    ...(small.length > 0 ? [small] : []),
  ];
  return sets.map((members) => ({
    name: members.length === 1 ? members[0]!.name : "small parameters",
    members,
    gradient: together(members.map((member) => gradientOf.get(member)!)),
  }));
}

/** One value as it is, several as one vector. */
const together = (values: readonly Value[]): Value =>
  values.length === 1
    ? values[0]!
    : concat(
        values.map((value) => reshape(value, [sizeOf(value.shape)])),
        0,
      );

function apart(value: Value, members: readonly State[]): readonly Value[] {
  if (members.length === 1) return [value];
  const parts = split(
    value,
    0,
    members.map((member) => sizeOf(member.value.shape)),
  );
  return parts.map((part, i) => reshape(part, members[i]!.value.shape));
}

/** min(1, clip/‖g‖), as PyTorch's clip_grad_norm_ has it. */
function clippedScale(p: Tracer, groups: readonly Group[]): Value {
  const squares = groups.map(({ gradient }) => sum(mul(gradient, gradient)));
  const norm = sqrt(squares.reduce((a, b) => add(a, b)));
  p.output("gradientNorm", norm);
  return minimum(1, div(p.input("clip", []), add(norm, 1e-6)));
}

/** ema' = θ' + decay·(ema − θ') */
function updateAverages(p: Tracer, members: readonly State[], next: Value, decay: Value): void {
  const average = together(
    members.map(({ name, value }) => p.state(`ema/${name}`, value.shape, { kind: "copyOf", state: name })),
  );
  apart(add(next, mul(sub(average, next), decay)), members).forEach((part, i) => {
    p.update(`ema/${members[i]!.name}`, part);
  });
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

/** The scalar inputs `adamw` declared, for one step, with all their digits: a float32 backend rounds them itself. */
export function adamwInputs({ step, learningRate, beta1, beta2, clip, emaDecay }: AdamWStep): Tensors {
  const values: Record<string, number> = {
    learningRate,
    correction1: 1 / (1 - beta1 ** (step + 1)),
    correction2: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
    ...(clip === undefined ? {} : { clip: Math.min(clip, 3e38) }),
    ...(emaDecay === undefined ? {} : { emaDecay }),
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { ...scalar(value), data: Float64Array.of(value) }]),
  );
}

/** A float32 scalar in host memory. */
export const scalar = (value: number): Tensors[string] => ({
  dtype: "float32",
  shape: [],
  data: Float32Array.of(value),
});
