/** A·Bᵀ in float64 by the worker, on the CPU: not every device has float64. */
import type { Backend, Float64Matrix } from "../../../harness/plugin.ts";
import type { Payload } from "../worker/frames.ts";
import type { Worker } from "../worker/process.ts";

export const openProduct =
  (worker: Worker): NonNullable<Backend["product"]> =>
  async (a, b) => {
    if (a.cols !== b.cols) throw new RangeError(`A·Bᵀ: A has ${a.cols} columns, B has ${b.cols}`);
    const size = a.rows * b.rows;
    if (size === 0 || a.cols === 0) return { rows: a.rows, cols: b.rows, data: new Float64Array(size) };
    const tensors = a === b ? { a: payload(a) } : { a: payload(a), b: payload(b) };
    const { y } = await worker.ask("multiplying matrices", { do: "product" }, tensors);
    return { rows: a.rows, cols: b.rows, data: y!.data as Float64Array };
  };

const payload = ({ rows, cols, data }: Float64Matrix): Payload => ({
  dtype: "float64",
  shape: [rows, cols],
  data: data.subarray(0, rows * cols),
});
