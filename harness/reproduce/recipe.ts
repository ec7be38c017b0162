/** What a published number is reproduced from: the checkpoint, how it is sampled, what the samples are held against. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { suggestion } from "../suggest.ts";
import { RECIPES } from "./recipes.ts";

const recipeSchema = z.strictObject({
  title: z.string().min(1),
  /** Where each setting is from. */
  source: z.string().min(1),
  notes: z.array(z.string()).default([]),
  checkpoint: z.strictObject({
    url: z.url().nullable(),
    /** null where nobody has published it. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
    /** Its name in the user's cache. */
    file: z.string().regex(/^[\w.-]+$/),
  }),
  data: z.strictObject({
    title: z.string().min(1),
    resolution: z.int(),
    classes: z.int(),
    train: z.int(),
  }),
  model: z.strictObject({ plugin: z.string(), options: z.record(z.string(), z.unknown()) }),
  labels: z.enum(["balanced", "frequency", "uniform"]),
  seed: z.int().min(0),
  samples: z.int().min(4),
  /** A reference by its name or path; null: it is to be given. */
  reference: z.string().nullable(),
  features: z.string().min(1),
  /** Whose arithmetic the score is in: a tool by its name under `eval --as`. */
  convention: z.string().nullable(),
  expected: z.strictObject({
    metric: z.string(),
    value: z.number(),
    /** As many as were published: half of the last one is part of the tolerance. */
    decimals: z.int().min(0),
    nfe: z.int(),
  }),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeInput = z.input<typeof recipeSchema>;

/** @param name of a published one, or the path of a JSON file. @throws UserError */
export function findRecipe(name: string): Recipe {
  if (Object.hasOwn(RECIPES, name)) return recipeSchema.parse(RECIPES[name]);
  if (!name.endsWith(".json"))
    throw new UserError(
      `there is no recipe ${JSON.stringify(name)}`,
      `${suggestion(name, Object.keys(RECIPES))}; or name a JSON file of your own`,
    );
  const parsed = recipeSchema.safeParse(readJson(name));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(`${name}: ${issue!.path.join(".")}: ${issue!.message}`, "mend the recipe");
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UserError(`the recipe ${path} cannot be read: ${(error as Error).message}`, "name a JSON file");
  }
}
