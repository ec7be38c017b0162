/** Networks whose answers are known: what is measured is what samplers do with them. */
import type { Backend, Executable } from "../../../../../harness/plugin.ts";
import type { Program, Tensors } from "../../../../../harness/program/index.ts";
import type { DenoiserSettings } from "../../../../../plugins/models/epg/samplers/denoiser.ts";
import { networkShape } from "../../../../../plugins/models/epg/sizes.ts";

/** The denoised value of one pixel. */
type Answer = (x: number, label: number) => number;

export function fakeNetwork(program: Program, answer: Answer): Executable {
  return {
    program,
    async run({ x, labels }: Tensors) {
      const size = x!.data.length / labels!.data.length;
      const data = Float32Array.from(x!.data, (value, i) =>
        answer(value, labels!.data[Math.floor(i / size)]!),
      );
      return { denoised: { ...x!, data } };
    },
    readState: async () => ({}),
    writeState: async () => {},
    dispose: async () => {},
  };
}

/** A backend on which every network answers alike. */
export const fakeBackend = (answer: Answer): Backend => ({
  name: "fake",
  version: "0",
  device: "none",
  precision: "float32",
  threads: 1,
  compile: async (program) => fakeNetwork(program, answer),
});

/** Of a network with three classes, "no class" being row 3. */
export const settings: DenoiserSettings = {
  shape: networkShape("tiny", { resolution: 32, classes: 3 }),
  target: "x0",
  batchSize: 2,
  normalisation: "simple",
  clamp: "range",
  guidance: { scale: 2.5, low: 0.19, high: 1.61, poor: null },
};
