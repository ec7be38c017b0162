/** A backend that computes nothing: loops over its programs make the calls they always make, and can be counted. */
import type { Backend } from "../plugin.ts";
import { hostType, sizeOf, type Tensor, type TensorType } from "../program/index.ts";

/** Outputs are zeros of their shapes, new ones at every run. */
export const dryBackend: Pick<Backend, "compile"> = {
  async compile(program) {
    return {
      program,
      async run() {
        return Object.fromEntries(
          Object.entries(program.outputs).map(([name, value]) => [name, zerosLike(value)]),
        );
      },
      readState: async () => ({}),
      async writeState() {},
      async dispose() {},
    };
  },
};

function zerosLike(type: TensorType): Tensor {
  const [{ shape }, dtype] = [type, hostType(type)];
  const size = sizeOf(shape);
  const data =
    dtype === "float32"
      ? new Float32Array(size)
      : dtype === "int32"
        ? new Int32Array(size)
        : new Uint8Array(size);
  return { dtype, shape, data };
}
