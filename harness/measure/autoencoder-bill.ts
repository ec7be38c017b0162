/**
 * A latent model's training billed three ways: with its autoencoder in full, with a part of it (K models share one),
 * and without it. Encoding the data set is the model's own in all three.
 */
import type { LedgerLine } from "../result.ts";

/** null: not known, since a line that is paid does not tell. */
export interface Work {
  readonly macs: number | null;
  readonly flops: number | null;
}

/** K, where nobody says how many. */
export const MODELS_SHARING = 10;

type Line = Pick<LedgerLine, "kind" | "macs" | "flops" | "autoencoder">;
type Counted = Readonly<Record<"macs" | "flops", number>>;

export const hasAutoencoder = (lines: readonly Line[]): boolean => lines.some((line) => line.autoencoder);

/**
 * Training and encoding of an entry's lines.
 * @param share of the autoencoder that the entry pays: 1, 1/K or 0
 */
export function trainingBill(lines: readonly (Line & Counted)[], share: number): Counted;
export function trainingBill(lines: readonly Line[], share: number): Work;
export function trainingBill(lines: readonly Line[], share: number): Work {
  const paid = lines
    .filter(({ kind }) => kind === "training" || kind === "encoding")
    .map((line) => ({ ...line, part: line.autoencoder ? share : 1 }))
    .filter(({ part }) => part > 0);
  const sum = (of: "macs" | "flops"): number | null =>
    paid.some((line) => line[of] === null)
      ? null
      : paid.reduce((total, line) => total + line.part * line[of]!, 0);
  return { macs: sum("macs"), flops: sum("flops") };
}
