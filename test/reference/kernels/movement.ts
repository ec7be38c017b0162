/** Operations that move elements and compute nothing. */
import { sizeOf } from "../../../harness/program/index.ts";
import { type Array64, broadcastStrides, offsets, stridesOf, take } from "../array.ts";
import type { Kernel } from "./kernel.ts";

const same: Kernel = ([x]) => [x!.data];

/** Writes `part` into `whole`, whose `axis` it covers from `start`. */
function place(whole: Array64, part: Array64, axis: number, start: number): void {
  const strides = stridesOf(whole.shape);
  offsets(part.shape, strides, start * strides[axis]!).forEach((place, i) => {
    whole.data[place] = part.data[i]!;
  });
}

const blank = (shape: readonly number[]): Array64 => ({ shape, data: new Float64Array(sizeOf(shape)) });

const concat: Kernel = (inputs, [shape], attributes) => {
  const axis = attributes.axis as number;
  const whole = blank(shape!);
  let start = 0;
  for (const part of inputs) {
    place(whole, part, axis, start);
    start += part.shape[axis]!;
  }
  return [whole.data];
};

const pad: Kernel = ([x], [shape], { axis, before }) => {
  const whole = blank(shape!);
  place(whole, x!, axis as number, before as number);
  return [whole.data];
};

const slice: Kernel = ([x], [shape], attributes) => {
  const { axis, start, step } = attributes as Record<string, number>;
  const strides = stridesOf(x!.shape);
  const stepped = strides.with(axis!, strides[axis!]! * step!);
  return [take(x!.data, offsets(shape!, stepped, start! * strides[axis!]!))];
};

const split: Kernel = ([x], shapes, attributes) => {
  const axis = attributes.axis as number;
  const strides = stridesOf(x!.shape);
  let start = 0;
  return shapes.map((shape) => {
    const part = take(x!.data, offsets(shape, strides, start * strides[axis]!));
    start += shape[axis]!;
    return part;
  });
};

const transpose: Kernel = ([x], [shape], { permutation }) => {
  const strides = stridesOf(x!.shape);
  const permuted = (permutation as number[]).map((axis) => strides[axis]!);
  return [take(x!.data, offsets(shape!, permuted))];
};

const gather: Kernel = ([table, indices]) => {
  const rows = table!.shape[0]!;
  const width = sizeOf(table!.shape.slice(1));
  return [
    Float64Array.from({ length: indices!.data.length * width }, (_, i) => {
      const row = indices!.data[Math.floor(i / width)]!;
      if (row < 0 || row >= rows) throw new Error(`gather: row ${row} of a table of ${rows}`);
      return table!.data[row * width + (i % width)]!;
    }),
  ];
};

const oneHot: Kernel = ([indices], [shape], attributes) => {
  const depth = attributes.depth as number;
  const hot = new Float64Array(sizeOf(shape!));
  indices!.data.forEach((index, i) => {
    if (index >= 0 && index < depth) hot[i * depth + index] = 1;
  });
  return [hot];
};

const upsampleNearest: Kernel = ([x], [shape], attributes) => {
  const factor = attributes.factor as number;
  const [height, width] = shape!.slice(2) as [number, number];
  const y = new Float64Array(sizeOf(shape!));
  for (let i = 0; i < y.length; i++) {
    const plane = Math.floor(i / (height * width));
    const row = Math.floor((Math.floor(i / width) % height) / factor);
    const column = Math.floor((i % width) / factor);
    y[i] = x!.data[(plane * (height / factor) + row) * (width / factor) + column]!;
  }
  return [y];
};

export const movement = {
  broadcast: ([x], [shape]) => [take(x!.data, offsets(shape!, broadcastStrides(x!.shape, shape!)))],
  concat,
  constant: (_inputs, _shapes, { data }) => [Float64Array.from(data as Float64Array)],
  gather,
  oneHot,
  pad,
  ready: () => [Float64Array.of(0)],
  reshape: same,
  slice,
  split,
  transpose,
  upsampleNearest,
} satisfies Record<string, Kernel>;
