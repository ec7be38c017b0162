/**
 * A stage's curve, `curve.csv` beside its weights: steps, images and FLOPs so far, then the scalars the step
 * computes, the means of what it computes an image, and its learning rate. A row a step; of a long stage every k-th, the last among them.
 */
import { appendFileSync, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Program, Tensors } from "../program/index.ts";

export const CURVE = "curve.csv";
const MOST_ROWS = 2000;
const PROGRESS = ["step", "images", "flops"] as const;
const RATE = "learningRate";

interface Curve {
  /** What the stage computes a step, by name; `loss` first. */
  readonly scalars: readonly string[];
  readonly points: readonly CurvePoint[];
}

interface CurvePoint {
  /** Steps done, from 1. */
  readonly step: number;
  readonly images: number;
  /** Of this stage so far, its work before the first step included. */
  readonly flops: number;
  /** In the order of `scalars`. */
  readonly values: readonly number[];
}

interface Recorded {
  readonly program: Program;
  readonly steps: number;
  readonly batchSize: number;
  /** Spent before the first step. */
  readonly preparationFlops: number;
}

/** Keeps step `step` (from 1), where its turn is: its inputs and outputs. */
export type Recorder = (step: number, inputs: Tensors, outputs: Tensors) => void;

/**
 * Begins a curve in `folder`, or goes on with it after `done` steps. Rows are appended as steps end, so that they outlive
 * the process; those of steps that are taken again are cut off first, so that the file is that of a stage left alone.
 */
export async function openCurve(folder: string, recorded: Recorded, done: number): Promise<Recorder> {
  const { program, steps, batchSize, preparationFlops } = recorded;
  const path = join(folder, CURVE);
  const isScalar = (name: string): boolean => {
    const { shape } = program.outputs[name]!;
    return shape.length === 0 || (shape.length === 1 && shape[0] === batchSize);
  };
  const parts = Object.keys(program.outputs).filter((name) => name !== "loss" && isScalar(name));
  const scalars = ["loss", ...parts, ...(RATE in program.inputs ? [RATE] : [])];
  const lines = done > 0 && existsSync(path) ? (await readFile(path, "utf8")).split("\n") : [];
  const kept = lines.slice(1, -1).filter((line) => Number.parseInt(line, 10) <= done);
  const head = [...PROGRESS, ...scalars].join(",");
  await writeFileAtomic(path, [head, ...kept, ""].join("\n"));
  const every = Math.ceil(steps / MOST_ROWS);
  return (step, inputs, outputs) => {
    if ((steps - step) % every !== 0) return;
    const values = scalars.map((name) => shortest(meanOf((outputs[name] ?? inputs[name])!.data)));
    const flops = preparationFlops + step * program.flops;
    appendFileSync(path, `${[step, step * batchSize, flops, ...values].join(",")}\n`);
  };
}

function meanOf(data: Tensors[string]["data"]): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum / data.length;
}

/** Nine digits tell any two float32 numbers apart. */
const shortest = (value: number): number => Number(value.toPrecision(9));

/** A curve's whole rows as text, also of a stage that broke off; null where it took no step. */
export async function readCurve(folder: string): Promise<string | null> {
  const path = join(folder, CURVE);
  const text = existsSync(path) ? await readFile(path, "utf8") : "";
  // What follows the last line's end was being written when the process died.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole.indexOf("\n") < whole.length - 1 ? whole : null;
}

export function parseCurve(csv: string): Curve {
  const [head = "", ...rows] = csv.trimEnd().split("\n");
  const points = rows.map((row): CurvePoint => {
    const [step, images, flops, ...values] = row.split(",").map(Number);
    return { step: step!, images: images!, flops: flops!, values };
  });
  return { scalars: head.split(",").slice(PROGRESS.length), points };
}
