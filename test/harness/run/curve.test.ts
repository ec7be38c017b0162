import { appendFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { add, mean, mul, square, type Tensors, trace } from "../../../harness/program/index.ts";
import { CURVE, openCurve, parseCurve, readCurve } from "../../../harness/run/curve.ts";

const program = trace("step", (p) => {
  const loss = mean(square(p.input("x", [4])));
  p.output("rest", mul(add(p.input("each", [8]), p.input("learningRate", [])), 2));
  p.output("loss", loss);
  p.output("image", square(p.state("y", [4], { kind: "constant", value: 1 })));
});

const number = (value: number) => ({ dtype: "float32", shape: [], data: Float32Array.of(value) }) as const;
const each = (value: number) =>
  ({
    dtype: "float32",
    shape: [8],
    data: Float32Array.from({ length: 8 }, (_, i) => value + i - 3.5),
  }) as const;
const inputs: Tensors = { learningRate: number(0.1) };
const outputs = (step: number): Tensors => ({ loss: number(1 / step), rest: each(-step) });

const newFolder = (): string => mkdtempSync(join(tmpdir(), "epg-bench-curve-"));
const stage = (steps: number) => ({ program, steps, batchSize: 8, preparationFlops: 100 });
const textIn = (folder: string): string => readFileSync(join(folder, CURVE), "utf8");

async function take(folder: string, steps: number, from: number, to: number): Promise<void> {
  const record = await openCurve(folder, stage(steps), from);
  for (let step = from + 1; step <= to; step++) record(step, inputs, outputs(step));
}

it("keeps the scalars of every step and the means over its images, the loss first", async () => {
  const folder = newFolder();
  await take(folder, 2, 0, 2);
  const { flops } = program;
  expect(textIn(folder)).toBe(
    `step,images,flops,loss,rest,learningRate\n1,8,${100 + flops},1,-1,0.100000001\n2,16,${100 + 2 * flops},0.5,-2,0.100000001\n`,
  );
});

it("has at most 2000 rows, evenly spaced, the last step among them", async () => {
  const folder = newFolder();
  await take(folder, 4500, 0, 4500);
  const { points } = parseCurve((await readCurve(folder))!);
  expect(points).toHaveLength(1500);
  expect(points.map(({ step }) => step).slice(-3)).toEqual([4494, 4497, 4500]);
});

it("is after kills and resumes what it is of a stage left alone", async () => {
  const [alone, killed] = [newFolder(), newFolder()];
  await take(alone, 4500, 0, 4500);
  await take(killed, 4500, 0, 3000);
  appendFileSync(join(killed, CURVE), "3003,240");
  await take(killed, 4500, 1000, 1001);
  await take(killed, 4500, 1001, 4499);
  await take(killed, 4500, 4000, 4500);
  expect(textIn(killed)).toBe(textIn(alone));
});

it("is read as far as it was written, numbers that are none included", async () => {
  const folder = newFolder();
  expect(await readCurve(folder)).toBeNull();
  await take(folder, 3, 0, 0);
  expect(await readCurve(folder)).toBeNull();
  const record = await openCurve(folder, stage(3), 0);
  record(1, inputs, { loss: number(Number.NaN), rest: each(Number.POSITIVE_INFINITY) });
  appendFileSync(join(folder, CURVE), "2,16,1");
  const { scalars, points } = parseCurve((await readCurve(folder))!);
  expect(scalars).toEqual(["loss", "rest", "learningRate"]);
  expect(points.map(({ values }) => values)).toEqual([[Number.NaN, Number.POSITIVE_INFINITY, 0.100000001]]);
});
