/**
 * A latent model's training billed three ways: with its autoencoder in full, with a part of it (K models share one),
 * and without it. Encoding the data set is the model's own in all three.
 */
import type { LedgerLine } from "../result.ts";

export interface Work {
  readonly macs: number;
  readonly flops: number;
}

/** K, where nobody says how many. */
export const MODELS_SHARING = 10;

type Line = Pick<LedgerLine, "kind" | "macs" | "flops" | "autoencoder">;

export const hasAutoencoder = (lines: readonly Line[]): boolean => lines.some((line) => line.autoencoder);

/**
 * Training and encoding of an entry's lines.
 * @param share of the autoencoder that the entry pays: 1, 1/K or 0
 */
export function trainingBill(lines: readonly Line[], share: number): Work {
  const total = { macs: 0, flops: 0 };
  for (const { kind, macs, flops, autoencoder } of lines) {
    if (kind !== "training" && kind !== "encoding") continue;
    const paid = autoencoder ? share : 1;
    total.macs += paid * (macs ?? 0);
    total.flops += paid * (flops ?? 0);
  }
  return total;
}
