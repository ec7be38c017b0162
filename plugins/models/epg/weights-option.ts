/** A file of weights as options name it. */
import { z } from "zod";

/** FILE, or { file, part }, relative to the config; part null: the one that is meant where none is named. */
export const weightsFile = <const Part extends string>(parts: readonly [Part, ...Part[]]) =>
  z.union([
    z
      .string()
      .min(1)
      .transform((file) => ({ file, part: null })),
    z.strictObject({ file: z.string().min(1), part: z.enum(parts).nullable().default(null) }),
  ]);

/** Refuses what says how a stage trains where a file stands in for it. */
export function refuseTraining(
  settings: Readonly<Record<string, unknown>>,
  names: readonly string[],
  context: z.core.$RefinementCtx,
): void {
  for (const name of names.filter((one) => (settings[one] ?? null) !== null))
    context.addIssue({
      code: "custom",
      path: [name],
      input: settings[name],
      message: "nothing is trained where `weights` is a file: leave it out",
    });
}
