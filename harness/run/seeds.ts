import { createStream, type Stream } from "../random/index.ts";
import type { SamplePurpose } from "./jobs.ts";

/** The streams of samples `start` … `end` − 1: a sample depends on its own stream and label alone. */
export const sampleStreams = (
  seed: number,
  start: number,
  end: number,
  purpose: SamplePurpose = "sample",
): Stream[] => Array.from({ length: end - start }, (_, k) => createStream(seed, purpose, start + k));
