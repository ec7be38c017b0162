/** Costs that a config declares of what nothing here counts. */
import { z } from "zod";
import type { Elsewhere, Told } from "../../harness/plugin.ts";

const declared = z.number().nonnegative().nullable().default(null);

/** null: not known. */
export const declaredCosts = {
  /** Network calls an image, guidance passes counted (NFE). */
  calls: declared,
  /** Multiply-accumulates an image. */
  macs: declared,
  parameters: z.int().nonnegative().nullable().default(null),
  /** FLOPs of all training. */
  trainFlops: declared,
};

type Declared = Readonly<Record<keyof typeof declaredCosts, number | null>>;

export function toldOf({ calls, macs, parameters, trainFlops }: Declared): Omit<Elsewhere, "ownProcess"> {
  const told = (value: number | null): Told | null => (value === null ? null : { value, by: "declared" });
  return {
    calls: told(calls),
    macs: told(macs),
    parameters: told(parameters),
    trainFlops: told(trainFlops),
  };
}
