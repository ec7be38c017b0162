/**
 * The pictures taken while a stage trains, `frame-<step>.u8`. They are kept beside the weights, under a key of how
 * often they were taken and how they were sampled: weights are found again whatever the sampler, pictures are not.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { readStored, store } from "./store.ts";

const frameFile = (step: number): string => `frame-${step}.u8`;

/** Keeps a frame (uint8 images) and returns its path. */
export async function keepFrame(film: string, step: number, images: Uint8Array): Promise<string> {
  await mkdir(film, { recursive: true });
  const file = join(film, frameFile(step));
  await writeFileAtomic(file, Buffer.from(images));
  return file;
}

/** Marks a film finished with its training. Frames may lack where training went on from another's checkpoint. */
export async function closeFilm(film: string): Promise<void> {
  if (!existsSync(film)) return;
  const steps = (await readdir(film)).flatMap((name) => {
    const step = /^frame-(\d+)\.u8$/.exec(name)?.[1];
    return step === undefined ? [] : [Number(step)];
  });
  steps.sort((a, b) => a - b);
  await store(film, steps, steps.map(frameFile));
}

/** Paths of a finished film's frames by step, earliest first; none where training took no such pictures. */
export async function readFilm(film: string): Promise<ReadonlyMap<number, string>> {
  const stored = await readStored<number[]>(film);
  return new Map(stored?.value.map((step) => [step, join(film, frameFile(step))]));
}
