/** What files of weights tell of their training, as lines of a bill. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Pretrained } from "../plugin.ts";
import { toldByAll, toldTraining, toldUpTo } from "../run/provenance.ts";

/** Of a training by a file's account; without steps and FLOPs: the file does not tell, or is not here. */
export interface ToldLine {
  readonly kind: "training";
  readonly stage: string;
  /** As the config names it. */
  readonly file: string;
  readonly steps: number | null;
  /** No file tells them. */
  readonly macs: null;
  readonly flops: number | null;
  readonly autoencoder?: true;
}

/** Each training once, whichever files tell of it; autoencoders' first. */
export async function toldLines(named: readonly Pretrained[], baseFolder: string): Promise<ToldLine[]> {
  const billed = named.filter(({ judges }) => !judges);
  const sorted = [...billed].sort((a, b) => Number(b.autoencoder ?? false) - Number(a.autoencoder ?? false));
  const lines: ToldLine[] = [];
  const before: Awaited<ReturnType<typeof toldTraining>>[] = [];
  for (const { stage, file, autoencoder } of sorted) {
    const common = { kind: "training", file, macs: null, ...(autoencoder && { autoencoder }) } as const;
    const path = resolve(baseFolder, file);
    const whole = existsSync(path) ? await toldTraining(path) : null;
    if (whole === null) {
      lines.push({ ...common, stage, steps: null, flops: null });
      continue;
    }
    const known = toldByAll(before)!.length;
    before.push(toldUpTo(stage, whole));
    for (const { stage: of, steps, trainingFlops } of toldByAll(before)!.slice(known))
      lines.push({ ...common, stage: of, steps, flops: trainingFlops });
  }
  return lines;
}
