/** The interpreter behind the contract of backends, so that a test can run on it what it runs on the others. */
import type { Backend } from "../../harness/plugin.ts";
import type { Tensors } from "../../harness/program/index.ts";
import { interpret } from "./interpreter.ts";

export const compile: Backend["compile"] = async (program, given) => {
  let state: Tensors = given;
  return {
    program,
    async run(inputs) {
      const ran = interpret(program, inputs, state);
      state = ran.state;
      return ran.outputs;
    },
    readState: async (names = Object.keys(state)) =>
      Object.fromEntries(names.map((name) => [name, state[name]!])),
    async writeState(tensors) {
      state = { ...state, ...tensors };
    },
    dispose: async () => {},
  };
};
