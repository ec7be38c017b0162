/** Twelve images of 8 px in three classes, and the context of a stage that trains on them. */
import type { StageContext } from "../../../../harness/plugin.ts";
import { createStream } from "../../../../harness/random/index.ts";

export const TASK = { resolution: 8, classes: 3 };

const SIZE = 3 * TASK.resolution ** 2;
const imageOf = (index: number): number[] =>
  Array.from({ length: SIZE }, (_, i) => (index * 31 + i * 7 + ((i * i) % 13)) % 256);

export const contextOf = (batchSize: number, steps: number): StageContext => ({
  task: TASK,
  steps,
  batchSize,
  train: {
    length: 12,
    identity: "twelve images",
    images: async (indices) => Uint8Array.from(indices.flatMap(imageOf)),
    label: (index) => index % TASK.classes,
  },
  random: createStream(0, "stage"),
  previous: {},
  runtime: {
    compile: () => Promise.reject(new Error("nothing is compiled here")),
  },
});
