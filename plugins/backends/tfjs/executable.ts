/** A program run operation by operation; its state stays in TensorFlow's tensors. */
import { UserError } from "../../../harness/errors.ts";
import type { Executable } from "../../../harness/plugin.ts";
import type { Node, Program, Tensor, Tensors, TensorType, Value } from "../../../harness/program/index.ts";
import { asElements } from "../../../harness/program/onnx/index.ts";
import { decomposing, simplify } from "../../../harness/program/simplify.ts";
import { pickStates, requireInputs, requireKnown, stateNames, stateTypes } from "../tensors.ts";
import { TFJS_OPS } from "./ops.ts";
import type { TensorFlow, TfTensor } from "./tensorflow.ts";

export function compile(tf: TensorFlow, program: Program, given: Tensors): Executable {
  const types = stateTypes(program);
  const graph = inKnownOperations(program);
  const lasts = lastReads(graph);
  const state = new Map<string, TfTensor>();
  const write = (tensors: Tensors): void => {
    for (const [name, tensor] of Object.entries(tensors)) {
      state.get(name)?.dispose();
      state.set(name, upload(tf, tensor));
    }
  };
  write(pickStates(program, given));
  const constants = new Map(
    graph.nodes
      .filter(isConstant)
      .map(({ attributes, outputs: [value] }) => [value!, upload(tf, attributes as unknown as Tensor)]),
  );

  /** Outputs, then updates, each a handle of its own. */
  const evaluate = (inputs: Tensors): TfTensor[] => {
    const values = new Map<Value, TfTensor>(constants);
    for (const { name, value } of graph.states) values.set(value, state.get(name)!);
    for (const [name, value] of Object.entries(graph.inputs)) values.set(value, upload(tf, inputs[name]!));
    for (const [i, node] of graph.nodes.entries()) {
      if (isConstant(node)) continue;
      const read = node.inputs.map((input) => values.get(input)!);
      const results = [TFJS_OPS[node.op.name]!(tf, read, node)].flat();
      for (const [k, output] of node.outputs.entries()) values.set(output, results[k]!);
      for (const value of lasts[i]!) values.get(value)!.dispose();
    }
    return resultsOf(graph).map((value) => tf.clone(values.get(value)!));
  };

  return {
    program,
    async run(inputs) {
      requireInputs(program, inputs);
      const results = tf.tidy(() => evaluate(inputs));
      const names = Object.keys(program.outputs);
      const outputs = names.map((name, i) => [name, download(results[i]!, program.outputs[name]!)] as const);
      for (const output of results.slice(0, names.length)) output.dispose();
      for (const [i, { name }] of program.updates.entries()) {
        state.get(name)!.dispose();
        state.set(name, results[names.length + i]!);
      }
      return Object.fromEntries(outputs);
    },
    readState: async (names) =>
      Object.fromEntries(
        stateNames(program, names).map((name) => [name, download(state.get(name)!, types[name]!)]),
      ),
    async writeState(tensors) {
      requireKnown("state", program, types, tensors);
      write(tensors);
    },
    async dispose() {
      for (const tensor of [...state.values(), ...constants.values()]) tensor.dispose();
    },
  };
}

const isConstant = ({ op }: Node): boolean => op.name === "constant";

const resultsOf = ({ outputs, updates }: Program): readonly Value[] => [
  ...Object.values(outputs),
  ...updates.map(({ value }) => value),
];

function inKnownOperations(program: Program): Program {
  const known = ({ op }: Node): boolean => op.name === "constant" || Object.hasOwn(TFJS_OPS, op.name);
  const graph = {
    ...program,
    ...simplify(
      program,
      decomposing((node) => !known(node)),
    ),
  };
  const missing = new Set(graph.nodes.filter((node) => !known(node)).map(({ op }) => op.name));
  if (missing.size > 0)
    throw new UserError(
      `backend tfjs: the program ${program.name} has operations it does not know: ${[...missing].join(", ")}`,
      "run it on another backend: --backend onnxruntime",
    );
  return graph;
}

/** For each node the values that nothing reads after it: what it or an earlier node made, and is no result. */
function lastReads(graph: Program): readonly (readonly Value[])[] {
  const last = new Map<Value, number>();
  for (const [i, { op, inputs, outputs }] of graph.nodes.entries()) {
    if (op.name !== "constant") for (const output of outputs) last.set(output, i);
    for (const input of inputs) if (last.has(input)) last.set(input, i);
  }
  for (const result of resultsOf(graph)) last.delete(result);
  const lasts = graph.nodes.map((): Value[] => []);
  for (const [value, i] of last) lasts[i]!.push(value);
  return lasts;
}

/** A copy: TensorFlow.js goes on reading the array it is given. */
const upload = (tf: TensorFlow, tensor: Tensor): TfTensor =>
  tf.tensor(asElements(tensor).slice(), tensor.shape, tensor.dtype);

const download = (tensor: TfTensor, { dtype, shape }: TensorType): Tensor => ({
  dtype,
  shape,
  data: tensor.dataSync().slice(),
});
