/** Training on a backend: as the reference does it, the same bits again, in memory that does not grow. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { vitStep } from "../../bench/vit.ts";
import type { Backend } from "../../harness/plugin.ts";
import {
  adamwInputs,
  add,
  mul,
  type Program,
  sizeOf,
  sum,
  type Tensors,
  trace,
  zeros,
} from "../../harness/program/index.ts";
import { interpret } from "../reference/interpreter.ts";
import { floats, uniforms } from "./ops-case.ts";
import { distance } from "./ops-checks.ts";

const STEPS = 50;
const vit = vitStep({ width: 16, blocks: 2, heads: 2, batch: 2, tokens: 5 });

/** Weights small and random, norms' scales about 1, moments 0. */
const vitState: Tensors = Object.fromEntries(
  vit.states.map(({ name, value: { shape }, initialiser }, i) => {
    const middle = initialiser.kind === "constant" ? initialiser.value : 0;
    const spread = name.startsWith("adam") ? 0 : 0.3;
    const data = uniforms(sizeOf(shape), 1000 + i).map((u) => middle + spread * (u - 0.5));
    return [name, { dtype: "float32", shape, data }];
  }),
);

const batch: Tensors = { x: floats([2, 5, 16]), target: floats([2, 5, 16]) };

const inputsAt = (step: number): Tensors => ({
  ...batch,
  ...adamwInputs({ step, learningRate: 3e-3, beta1: 0.9, beta2: 0.999 }),
});

async function train(backend: Backend, program: Program): Promise<{ losses: number[]; state: Tensors }> {
  const executable = await backend.compile(program, vitState);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) losses.push((await executable.run(inputsAt(step))).loss!.data[0]!);
  const state = await executable.readState();
  await executable.dispose();
  return { losses, state };
}

function trainOnReference(program: Program): { losses: number[]; state: Tensors } {
  const losses: number[] = [];
  let state = vitState;
  for (let step = 0; step < STEPS; step++) {
    const after = interpret(program, inputsAt(step), state);
    losses.push(after.outputs.loss!.data[0]!);
    state = after.state;
  }
  return { losses, state };
}

/** Rounding grows with the steps, and AdamW divides small gradients by themselves. */
const TOLERANCE = {
  float32: { loss: 1e-5, state: 2e-4 },
  tensorfloat32: { loss: 6e-3, state: 0.04 },
  bfloat16: { loss: 5e-2, state: 0.3 },
} as const;

/** 1 MB of input, output and state. */
const carry = trace("carry", (p) => {
  const x = p.input("x", [512, 512]);
  const s = p.state("s", [512, 512], zeros);
  const next = add(mul(s, 0.5), x);
  p.output("y", mul(next, 2));
  p.output("total", sum(next));
  p.update("s", next);
});

/** Bytes this process holds once garbage is collected. */
function residentBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().rss;
}

export function backendTrains(backend: () => Backend): void {
  describe("trains", () => {
    it(`a small ViT for ${STEPS} steps as the reference does`, async () => {
      const [found, expected] = [await train(backend(), vit), trainOnReference(vit)];
      const { loss, state } = TOLERANCE[backend().precision];
      expect(expected.losses.at(-1)).toBeLessThan(0.7 * expected.losses[0]!);
      expect(distance(Float64Array.from(found.losses), Float64Array.from(expected.losses))).toBeLessThan(
        loss,
      );
      for (const [name, { data }] of Object.entries(expected.state))
        expect(distance(found.state[name]!.data, data, 0.1), name).toBeLessThan(state);
    });

    it("to the same bits again", async () => {
      const [once, again] = [await train(backend(), vit), await train(backend(), vit)];
      expect(again).toEqual(once);
    });

    it("in memory that does not grow: 300 runs of 1 MB in and out", async () => {
      const executable = await backend().compile(carry, { s: floats([512, 512]) });
      const x = floats([512, 512]);
      const runs = async (n: number): Promise<void> => {
        for (let i = 0; i < n; i++) await executable.run({ x });
      };
      await runs(100);
      const before = residentBytes();
      await runs(300);
      const grown = residentBytes() - before;
      await executable.dispose();
      // One megabyte kept a run would be 300.
      expect(grown / 2 ** 20).toBeLessThan(60);
    });
  });
}
