/** The rules of state: reads before, updates together after, copies in and out, and errors that name the tensor. */
import { describe, expect, it } from "vitest";
import type { Backend, Executable } from "../../harness/plugin.ts";
import {
  add,
  mul,
  type Program,
  type Shape,
  sum,
  type Tensor,
  type Tensors,
  trace,
  zeros,
} from "../../harness/program/index.ts";
import { floats, floatsOf, ints } from "./ops-case.ts";

/** a and b change places, c counts; the outputs are what was read. */
const swap = trace("swap", (p) => {
  const a = p.state("a", [2], zeros);
  const b = p.state("b", [2], zeros);
  const c = p.state("c", [], zeros);
  const x = p.input("x", [2]);
  p.output("a before", a);
  p.output("sum", add(add(a, b), x));
  p.update("a", b);
  p.update("b", a);
  p.update("c", add(c, 1));
});

/** A state nothing changes beside one that is: y = w·x, t ← t + Σ y. */
const accumulate = trace("accumulate", (p) => {
  const w = p.parameter("w", [3], zeros);
  const t = p.state("t", [], zeros);
  const y = mul(w, p.input("x", [3]));
  p.output("y", y);
  p.update("t", add(t, sum(y)));
});

/** Nothing reads l: it is what x was last. */
const keep = trace("keep", (p) => {
  const x = p.input("x", [2]);
  p.state("l", [2], zeros);
  p.output("y", mul(x, 2));
  p.update("l", x);
});

/** No updates: a backend may bake w in. */
const frozen = trace("frozen", (p) => {
  p.output("y", mul(p.parameter("w", [3], zeros), p.input("x", [3])));
});

const vector = (...values: number[]): Tensor => floatsOf([values.length], values);
const numbers = (tensor: Tensor | undefined): number[] => [...tensor!.data];
const numbersOf = (tensors: Tensors): Record<string, number[]> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, numbers(tensor)]));

export function backendKeepsState(backend: () => Backend): void {
  const using = async (
    program: Program,
    state: Tensors,
    body: (executable: Executable) => Promise<void>,
  ): Promise<void> => {
    const executable = await backend().compile(program, state);
    try {
      await body(executable);
    } finally {
      await executable.dispose();
    }
  };
  const swapState = { a: vector(1, 2), b: vector(3, 4), c: floatsOf([], [0]) };

  describe("keeps state", () => {
    it("reads what was before the run and applies all updates together after it", () =>
      using(swap, swapState, async (executable) => {
        const first = await executable.run({ x: vector(10, 20) });
        expect(numbersOf(first)).toEqual({ "a before": [1, 2], sum: [14, 26] });
        expect(numbersOf(await executable.readState())).toEqual({ a: [3, 4], b: [1, 2], c: [1] });
        const second = await executable.run({ x: vector(0, 0) });
        expect(numbersOf(second)).toEqual({ "a before": [3, 4], sum: [4, 6] });
        expect(numbersOf(await executable.readState())).toEqual({ a: [1, 2], b: [3, 4], c: [2] });
      }));

    it("hands out outputs and states that later runs leave alone", () =>
      using(swap, swapState, async (executable) => {
        const outputs = await executable.run({ x: vector(0, 0) });
        const states = await executable.readState(["a"]);
        const before = [numbersOf(outputs), numbersOf(states)];
        await executable.run({ x: vector(5, 5) });
        await executable.run({ x: vector(6, 6) });
        expect([numbersOf(outputs), numbersOf(states)]).toEqual(before);
      }));

    it("hands out outputs that are the caller's to overwrite", () =>
      using(swap, swapState, async (executable) => {
        const outputs = await executable.run({ x: vector(0, 0) });
        for (const { data } of Object.values(outputs)) data.fill(9);
        expect(numbersOf(await executable.readState())).toEqual({ a: [3, 4], b: [1, 2], c: [1] });
        expect(numbersOf(await executable.run({ x: vector(0, 0) }))).toEqual({
          "a before": [3, 4],
          sum: [4, 6],
        });
      }));

    it("updates what no run reads", () =>
      using(keep, { l: vector(1, 2) }, async (executable) => {
        expect(numbersOf(await executable.readState())).toEqual({ l: [1, 2] });
        for (const x of [vector(3, 4), vector(5, 6)]) {
          await executable.run({ x });
          expect(numbersOf(await executable.readState())).toEqual({ l: numbers(x) });
        }
      }));

    it("takes outputs back as inputs", () =>
      using(swap, swapState, async (executable) => {
        let x: Tensor = vector(0, 0);
        for (let i = 0; i < 3; i++) x = (await executable.run({ x })).sum!;
        expect(numbers(x)).toEqual([12, 18]);
      }));

    it("runs on inputs that were sent while another ran, and on others where it is given others", () =>
      using(swap, swapState, async (executable) => {
        const [ahead, given] = [{ x: vector(10, 20) }, { x: vector(0, 0) }];
        const running = executable.run(given);
        await executable.send?.(ahead);
        expect(numbers((await running).sum)).toEqual([4, 6]);
        expect(numbersOf(await executable.readState())).toEqual({ a: [3, 4], b: [1, 2], c: [1] });
        expect(numbers((await executable.run(ahead)).sum)).toEqual([14, 26]);
        await executable.send?.(ahead);
        expect(numbers((await executable.run(given)).sum)).toEqual([4, 6]);
        expect(numbers((await executable.run(ahead)).sum)).toEqual([14, 26]);
      }));

    it("writes some states, leaves the others, and gives back the same bits", () =>
      using(accumulate, { w: vector(1, 2, 3), t: floatsOf([], [0]) }, async (executable) => {
        await executable.run({ x: vector(1, 1, 1) });
        const w = floats([3]);
        await executable.writeState({ w });
        expect(numbersOf(await executable.readState())).toEqual({ w: numbers(w), t: [6] });
        const { y } = await executable.run({ x: vector(1, 0, 0) });
        expect(numbers(y)[0]).toBe(w.data[0]);
      }));

    it.each([
      ["with updates", accumulate, { t: floatsOf([], [0]) }],
      ["without", frozen, {}],
    ] as const)("copies what it is given and what it gives: a program %s", (_, program, rest) => {
      const first = vector(1, 2, 3);
      return using(program, { ...rest, w: first }, async (executable) => {
        const x = vector(1, 1, 1);
        first.data[0] = 99;
        expect(numbers((await executable.run({ x })).y)).toEqual([1, 2, 3]);
        const second = vector(4, 5, 6);
        await executable.writeState({ w: second });
        second.data[0] = 99;
        expect(numbers((await executable.run({ x })).y)).toEqual([4, 5, 6]);
        const { w } = await executable.readState(["w"]);
        w!.data[0] = 99;
        expect(numbers((await executable.readState()).w)).toEqual([4, 5, 6]);
        expect(numbers((await executable.run({ x })).y)).toEqual([4, 5, 6]);
      });
    });

    it("runs two executables of one program apart", () =>
      using(swap, swapState, (one) =>
        using(swap, { ...swapState, a: vector(7, 8) }, async (other) => {
          await one.run({ x: vector(0, 0) });
          expect(numbersOf(await one.readState(["b", "c"]))).toEqual({ b: [1, 2], c: [1] });
          expect(numbersOf(await other.readState(["a", "c"]))).toEqual({ a: [7, 8], c: [0] });
        }),
      ));
  });

  const wrong = (shape: Shape): Tensor => floats(shape);
  describe.each([
    ["with updates", accumulate, { w: vector(1, 2, 3), t: floatsOf([], [0]) }],
    ["without updates", frozen, { w: vector(1, 2, 3) }],
  ] as const)("names the tensor that is wrong: a program %s", (_, program, state) => {
    it.each([
      ["missing", {}],
      ["of another shape", { x: wrong([2]) }],
      ["of another rank", { x: wrong([3, 1]) }],
      ["of another element type", { x: ints([3], [1, 2, 3]) }],
      ["shorter than its shape", { x: { ...vector(1, 2), shape: [3] } }],
      ["not declared", { x: vector(1, 2, 3), extra: vector(1) }],
    ] as const)("an input %s", (title, inputs) =>
      using(program, state, async (executable) => {
        await expect(executable.run(inputs)).rejects.toThrow(title === "not declared" ? /extra/ : /\bx\b/);
        const { y } = await executable.run({ x: vector(1, 1, 1) });
        expect(numbers(y), "still works").toEqual([1, 2, 3]);
      }),
    );

    it.each([
      ["missing", { w: undefined }],
      ["of another shape", { w: wrong([4]) }],
    ] as const)("a state %s at compilation", async (_, { w }) => {
      const { w: __, ...others }: Tensors = state;
      await expect(backend().compile(program, w ? { ...others, w } : others)).rejects.toThrow(/\bw\b/);
    });

    it("a state written with another shape, or unknown, or asked for and unknown; nothing is written", () =>
      using(program, state, async (executable) => {
        await expect(executable.writeState({ w: wrong([2]) })).rejects.toThrow(/\bw\b/);
        await expect(executable.writeState({ w: vector(0, 0, 0), nobody: vector(1) })).rejects.toThrow(
          /nobody/,
        );
        await expect(executable.readState(["nobody"])).rejects.toThrow(/nobody/);
        expect(numbers((await executable.readState(["w"])).w)).toEqual([1, 2, 3]);
      }));
  });
}
