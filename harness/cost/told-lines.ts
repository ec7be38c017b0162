/** What files of weights tell of their training, where they lie here. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Pretrained } from "../plugin.ts";
import { toldTraining, toldUpTo } from "../run/provenance.ts";
import { type ToldFile, type ToldLine, toldLines } from "../run/told-lines.ts";

/** A file that is not here tells nothing. */
export async function toldLinesOf(named: readonly Pretrained[], baseFolder: string): Promise<ToldLine[]> {
  const files: ToldFile[] = [];
  for (const { stage, file, autoencoder, judges } of named) {
    if (judges) continue;
    const path = resolve(baseFolder, file);
    const whole = existsSync(path) ? await toldTraining(path) : null;
    files.push({ stage, file, told: whole && toldUpTo(stage, whole), ...(autoencoder && { autoencoder }) });
  }
  return toldLines(files);
}
