/** Reference numbers made elsewhere: found by listing, read, compared. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import type { Program, Tensor, Tensors } from "../../../../harness/program/index.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";

const root = process.env.EPG_BENCH_FIXTURES ?? resolve(import.meta.dirname, "../../../../../shared/fixtures");

/** Folders of a family that hold a `config.json`: the family's own, and those below it. */
export function casesOf(family: string): readonly string[] {
  const folder = join(root, family);
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [folder, ...below.map(({ name }) => join(folder, name))].filter((path) =>
    existsSync(join(path, "config.json")),
  );
}

export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** A safetensors file; integers become int32, floats keep their values. */
export function readTensors(path: string): Tensors {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors: Record<string, Tensor> = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const bytes = new Uint8Array(file.subarray(8 + length + data_offsets[0], 8 + length + data_offsets[1]))
      .buffer;
    if (dtype === "F32") tensors[name] = { dtype: "float32", shape, data: new Float32Array(bytes) };
    else if (dtype === "F64") tensors[name] = { dtype: "float32", shape, data: new Float64Array(bytes) };
    else if (dtype === "I64")
      tensors[name] = { dtype: "int32", shape, data: Int32Array.from(new BigInt64Array(bytes), Number) };
    else throw new Error(`${path}: ${name} is ${dtype}`);
  }
  return tensors;
}

const backend = await onnxruntime.open({ threads: 1 } as never);

export async function runOnce(program: Program, state: Tensors, inputs: Tensors): Promise<Tensors> {
  const executable = await backend.compile(program, state);
  const outputs = await executable.run(inputs);
  await executable.dispose();
  return outputs;
}

export const compile = backend.compile;

/** max|Δ| ≤ tolerance·max|reference| */
export function expectClose(
  name: string,
  actual: ArrayLike<number>,
  { data }: Tensor,
  tolerance = 1e-4,
): void {
  expect(actual.length, name).toBe(data.length);
  let [difference, largest] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - data[i]!));
    largest = Math.max(largest, Math.abs(data[i]!));
    if (Number.isNaN(actual[i]!)) difference = Infinity;
  }
  expect(difference, name).toBeLessThanOrEqual(tolerance * largest);
}

export function tensor(tensors: Tensors, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new Error(`no tensor ${name}`);
  return found;
}
