/** A runtime that counts: every call of every compiled program, by what it is for. */
import type { Backend, Role, Runtime } from "../plugin.ts";
import { sizeOf } from "../program/index.ts";

export interface Tally {
  /** Runs of programs of this role. */
  calls: number;
  macs: number;
  flops: number;
  /** Numbers in the states of the programs compiled for this role. */
  parameters: number;
}

export type Tallies = Readonly<Record<Role, Tally>>;

export interface CountingRuntime extends Runtime {
  readonly tallies: Tallies;
}

const none = (): Tally => ({ calls: 0, macs: 0, flops: 0, parameters: 0 });

export const noTallies = (): Record<Role, Tally> => ({
  network: none(),
  decoder: none(),
  encoder: none(),
  extractor: none(),
});

/** What two processes counted of one piece of work, over the same networks. */
export function sumOfTallies(one: Tallies, other: Tallies): Tallies {
  const sum = noTallies();
  for (const role of Object.keys(sum) as Role[])
    sum[role] = {
      calls: one[role].calls + other[role].calls,
      macs: one[role].macs + other[role].macs,
      flops: one[role].flops + other[role].flops,
      parameters: Math.max(one[role].parameters, other[role].parameters),
    };
  return sum;
}

export function countingRuntime(backend: Pick<Backend, "compile">): CountingRuntime {
  const tallies = noTallies();
  return {
    tallies,
    async compile(program, state, role) {
      const executable = await backend.compile(program, state);
      const tally = tallies[role];
      tally.parameters += program.states.reduce((total, { value }) => total + sizeOf(value.shape), 0);
      return {
        ...executable,
        async run(inputs) {
          const outputs = await executable.run(inputs);
          tally.calls++;
          tally.macs += program.macs;
          tally.flops += program.flops;
          return outputs;
        },
      };
    },
  };
}
