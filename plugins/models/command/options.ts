import { z } from "zod";
import { declaredCosts } from "../declared.ts";

const seconds = (usual: number) => z.number().positive().max(86_400).default(usual);

export const schema = z.strictObject({
  /** The program and its arguments; no shell. It runs in the config's folder. */
  command: z
    .array(z.string().min(1), { error: 'expected the program and its arguments: ["python3", "model.py"]' })
    .min(1, 'expected the program and its arguments: ["python3", "model.py"]'),
  /** What its images depend on beside the files that `command` names: weights, modules. A change of them samples anew. */
  files: z.array(z.string().min(1)).default([]),
  /** How much longer the first batch may take than others: for weights to be loaded. */
  startSeconds: seconds(60),
  batchSeconds: seconds(600),
  batchSize: z.int().min(1).max(65_536).default(16),
  ...declaredCosts,
});

export type CommandOptions = z.infer<typeof schema>;
export type CommandInput = z.input<typeof schema>;
