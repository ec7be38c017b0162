/** Trainings that files of weights tell of, as lines of a bill. */
import { type ToldTraining, toldByAll } from "./provenance.ts";

/** Of a training by a file's account; without steps and FLOPs: the file does not tell. */
export interface ToldLine {
  readonly kind: "training";
  readonly stage: string;
  readonly file: string;
  readonly steps: number | null;
  /** No file tells them. */
  readonly macs: null;
  readonly flops: number | null;
  readonly autoencoder?: true;
}

/** A file in place of a stage. */
export interface ToldFile {
  readonly stage: string;
  readonly file: string;
  /** Of what led to that stage's result; null: nothing. */
  readonly told: ToldTraining | null;
  readonly autoencoder?: true;
}

/**
 * Each training once, whichever files tell of it; autoencoders' first.
 * @param counted weights of trainings that have lines already
 */
export function toldLines(files: readonly ToldFile[], counted: readonly string[] = []): ToldLine[] {
  const sorted = [...files].sort((a, b) => Number(b.autoencoder ?? false) - Number(a.autoencoder ?? false));
  const lines: ToldLine[] = [];
  const before: ToldTraining[] = [];
  for (const { stage, file, told, autoencoder } of sorted) {
    const common = { kind: "training", file, macs: null, ...(autoencoder && { autoencoder }) } as const;
    if (told === null) {
      lines.push({ ...common, stage, steps: null, flops: null });
      continue;
    }
    const known = toldByAll(before)!.length;
    before.push(told);
    for (const { stage: of, steps, trainingFlops, weightsSha256 } of toldByAll(before)!.slice(known))
      if (!counted.includes(weightsSha256)) lines.push({ ...common, stage: of, steps, flops: trainingFlops });
  }
  return lines;
}
