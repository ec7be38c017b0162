/** What is published for others to score against, and the weights that scoring takes: where, how long, of what. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../package-root.ts";

/** The rule by which the labels of samples are drawn: as many of every class, at random, as often as in the data. */
const LABEL_RULES = ["balanced", "uniform", "frequency", "unlabelled"] as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A name of ours: also a file's name, and clean-fid turns its names into lower case. */
export const referenceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, "small letters, digits, dots, dashes and underscores");

export const referenceSchema = z.strictObject({
  name: referenceName,
  /** Where the file can be had: the first, else the next. None for what was made here. */
  urls: z.array(z.url()),
  /** null where nobody has published it. */
  sha256: sha256.nullable(),
  bytes: z.int().positive().nullable(),
  /** Images behind the statistics; null where nobody says. */
  n: z.int().positive().nullable(),
  /** Samples that published practice scores against it; null where there is none. */
  samples: z.int().positive().nullable(),
  resolution: z.int().positive(),
  extractor: z.string().min(1),
  /** The tool whose preparation of images for the extractor it is, by its name under `--as`. */
  convention: z.string().min(1),
  /** How the images became squares of that resolution; null where nobody says. */
  crop: z.string().nullable(),
  /** How published practice draws the labels of the samples that are scored against it. */
  labels: z.enum(LABEL_RULES),
  /** The means it holds, by name, and how many numbers each has; covariances have `sigma` for `mu`. */
  statistics: z.record(z.string(), z.int().positive()),
  /** Images it holds for precision and recall; null where there are none. */
  images: z.int().positive().nullable(),
  /** The repository and paper it comes from. */
  source: z.string().min(1),
  /** Sentences to be shown with every score against it. */
  notes: z.array(z.string()),
});

/** A reference and what is known of it. */
export type ReferenceEntry = z.infer<typeof referenceSchema>;

const weightsSchema = z.strictObject({
  name: referenceName,
  /** Its name in the user's cache. */
  file: z.string().regex(/^[\w.-]+$/),
  urls: z.array(z.url()).min(1),
  sha256: sha256.nullable(),
  bytes: z.int().positive().nullable(),
  source: z.string().min(1),
});

export type WeightsEntry = z.infer<typeof weightsSchema>;

const registrySchema = z.strictObject({
  references: z.array(referenceSchema.refine(({ urls }) => urls.length > 0, "a published one has a URL")),
  weights: z.array(weightsSchema),
});

let read: z.infer<typeof registrySchema> | undefined;

/** The registry that is shipped, checked. */
export function registry(): z.infer<typeof registrySchema> {
  read ??= registrySchema.parse(
    JSON.parse(readFileSync(join(packageRoot(), "reference-stats", "registry.json"), "utf8")),
  );
  return read;
}
