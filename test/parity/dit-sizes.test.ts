/** Parameters and multiply-accumulates of DiT's published sizes, as measured on the released code. */
import { describe, expect, it } from "vitest";
import { type Program, sizeOf, trace } from "../../harness/program/index.ts";
import { type DitConfig, embedPatches } from "../../plugins/models/latent/dit.ts";
import { ditStates } from "../../plugins/models/latent/dit-states.ts";
import { networkProgram } from "../../plugins/models/latent/sampler.ts";
import { ditFor, type SizeName } from "../../plugins/models/latent/sizes.ts";
import { type DitCase, rowsOf } from "./dit.ts";

/** "DiT-XL/2@256" of 1,000 classes; "small (config.json)" is the case's own. */
function configOf(title: string, { config }: DitCase): DitConfig {
  const [, name, resolution] = /^(.+)@(\d+)$/.exec(title) ?? [];
  return name ? ditFor(name as SizeName, { resolution: Number(resolution), classes: 1000 }) : config;
}

/** By PyTorch's names of operations: ours has the patches' convolution as a product. */
function byOperation(program: Program, config: DitConfig) {
  const patches = trace("patches", (p) => {
    p.output(
      "tokens",
      embedPatches(p, p.input("x", [1, config.latentChannels, config.side, config.side]), config),
    );
  }).macs;
  const [attention, products] = [true, false].map((wanted) =>
    program.nodes
      .filter(({ op }) => (op.name === "attention") === wanted)
      .reduce(
        (sum, { op, inputs, outputs, attributes }) => sum + op.cost(inputs, outputs, attributes).macs,
        0,
      ),
  ) as [number, number];
  return { "aten.convolution": patches, "aten.addmm": products - patches, "aten.bmm": attention };
}

interface Parameters {
  readonly total: number;
  readonly trainable: number;
  readonly tensors: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

interface Macs {
  readonly macs: number;
  readonly by_op?: Readonly<Record<string, number>>;
}

const parameters = rowsOf<Parameters>("parameters.json");
const macs = rowsOf<Macs>("macs.json", (json) => (json as { rows: unknown }).rows);

describe.skipIf(parameters.length === 0)("DiT's sizes (skipped where there are no cases)", () => {
  it.each(parameters)("parameters: %s", (_, { one, name: title, row }) => {
    const states = ditStates(configOf(title, one));
    const numbers = (some: typeof states): number =>
      some.reduce((sum, { value }) => sum + sizeOf(value.shape), 0);
    expect(Object.fromEntries(states.map(({ name, value }) => [name, value.shape]))).toEqual(row.shapes);
    expect(states).toHaveLength(row.tensors);
    expect(numbers(states)).toBe(row.total);
    expect(numbers(states.filter((state) => state.trainable))).toBe(row.trainable);
  });
});

describe.skipIf(macs.length === 0)("DiT's cost (skipped where there are no cases)", () => {
  it.each(macs)("multiply-accumulates: %s", (_, { one, name, row }) => {
    const config = configOf(name, one);
    const program = networkProgram(config, 1);
    expect(program.macs).toBe(row.macs);
    if (row.by_op) expect(byOperation(program, config)).toEqual(row.by_op);
  });
});
