import { createStream, type Stream } from "../random/index.ts";

/** The streams of samples `start` … `end` − 1: a sample depends on its own stream and label alone. */
export const sampleStreams = (seed: number, start: number, end: number): Stream[] =>
  Array.from({ length: end - start }, (_, k) => createStream(seed, "sample", start + k));
