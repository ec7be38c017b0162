/** Numbers for a program's states. */
import { type Program, sizeOf, type Tensors } from "../../../harness/program/index.ts";
import { uniforms } from "../../conformance/ops-case.ts";

export const stateOf = ({ states }: Program): Tensors =>
  Object.fromEntries(
    states.map(({ name, value: { shape } }, i) => [
      name,
      { dtype: "float32", shape, data: uniforms(sizeOf(shape), 40 + i) },
    ]),
  );
