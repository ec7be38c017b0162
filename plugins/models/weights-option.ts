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

interface Where {
  /** The option that names the file. */
  readonly file?: string;
  /** The option that `settings` are of, where it is not the one that is refined. */
  readonly under?: string;
}

/** Refuses what says how a stage trains where a file stands in for it. */
export function refuseTraining(
  settings: Readonly<Record<string, unknown>>,
  names: readonly string[],
  context: z.core.$RefinementCtx,
  { file = "weights", under }: Where = {},
): void {
  for (const name of names.filter((one) => (settings[one] ?? null) !== null))
    context.addIssue({
      code: "custom",
      path: under === undefined ? [name] : [under, name],
      input: settings[name],
      message: `nothing is trained where \`${file}\` is a file: leave it out`,
    });
}
