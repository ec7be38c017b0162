/**
 * A stage's curve, `curve.csv` beside its weights: steps, images and FLOPs so far, then every scalar the step computes and
 * its learning rate. A row a step; of a long stage every k-th, the last among them.
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

export interface Curve {
  /** What the stage computes a step, by name; `loss` first. */
  readonly scalars: readonly string[];
  readonly points: readonly CurvePoint[];
}

export interface CurvePoint {
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
  const outputs = scalarsOf(program.outputs);
  const scalars = [
    ...["loss", ...outputs.filter((name) => name !== "loss")],
    ...scalarsOf(program.inputs).filter((name) => name === RATE),
  ];
  const lines = done > 0 && existsSync(path) ? (await readFile(path, "utf8")).split("\n") : [];
  const kept = lines.slice(1, -1).filter((line) => Number.parseInt(line, 10) <= done);
  const head = [...PROGRESS, ...scalars].join(",");
  await writeFileAtomic(path, [head, ...kept, ""].join("\n"));
  const every = Math.ceil(steps / MOST_ROWS);
  return (step, inputs, outputs) => {
    if ((steps - step) % every !== 0) return;
    const values = scalars.map((name) => shortest((outputs[name] ?? inputs[name])!.data[0]!));
    const flops = preparationFlops + step * program.flops;
    appendFileSync(path, `${[step, step * batchSize, flops, ...values].join(",")}\n`);
  };
}

const scalarsOf = (values: Program["inputs"]): string[] =>
  Object.keys(values).filter((name) => values[name]!.shape.length === 0);

/** Nine digits tell any two float32 numbers apart. */
const shortest = (value: number): number => Number(value.toPrecision(9));

/** The curve a stage left in its folder, also where it broke off; null where it took no step. */
export async function readCurve(path: string): Promise<Curve | null> {
  if (!existsSync(path)) return null;
  // What follows the last line's end was being written when the process died.
  const [head = "", ...rows] = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  if (rows.length === 0) return null;
  const points = rows.map((row): CurvePoint => {
    const [step, images, flops, ...values] = row.split(",").map(Number);
    return { step: step!, images: images!, flops: flops!, values };
  });
  return { scalars: head.split(",").slice(PROGRESS.length), points };
}
