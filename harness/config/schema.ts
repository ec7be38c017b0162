import { z } from "zod";
import { gatesSchema } from "../gate/schema.ts";
import type { PluginKind } from "../plugin.ts";

/** @param example of what gives one, for who wrote something else */
const descriptor = <Kind extends PluginKind>(kind: Kind, example: string) =>
  z.strictObject(
    {
      kind: z.literal(kind),
      plugin: z.string().min(1),
      options: z.record(z.string(), z.unknown()).default({}),
    },
    { error: ({ code }) => (code === "invalid_type" ? `expected what ${example} gives` : undefined) },
  );

/** A descriptor, or the name of a plugin that is to keep its defaults. */
const named = <Kind extends PluginKind>(kind: Kind) =>
  z.union([
    z
      .string()
      .min(1)
      .transform((plugin) => ({ kind, plugin, options: {} })),
    descriptor(kind, "a function of its plugin"),
  ]);

/** NFE of n = 1, 2, 4 … 32 steps of EDM's Heun, 2n − 1, and of 32 steps guided as EPG's paper does: 63 and 12 of guidance. */
const CALLS = [1, 3, 7, 15, 31, 63, 75];

const distinct = (values: readonly number[]): boolean => new Set(values).size === values.length;

/** Rows are named by parts in three digits. */
const distinctParts = (parts: readonly number[]): boolean =>
  distinct(parts.map((part) => Number(part.toPrecision(3))));

/** Every entry's weights sampled again on terms that are the same for all, beside its own sampler. */
const comparison = z.strictObject({
  /** Network calls an image at most, those of guidance among them: a row of each entry for each. */
  calls: z
    .array(z.int().min(1).max(10_000))
    .min(1)
    .refine(distinct, "names a number of calls twice")
    .default(CALLS),
  /** The scales that guided rows choose from, as many trials for every entry; none: no guided rows. */
  guidance: z
    .array(
      z
        .number()
        .positive()
        .max(100)
        .refine((scale) => scale !== 1, "scale 1 is no guidance, which has rows of its own"),
    )
    .refine(distinct, "names a scale twice")
    .default([1.5, 2, 3]),
  /** Images of a trial, from seeds of their own; each is held against the held-out images. */
  validationSamples: z.int().min(4).max(1_000_000).default(128),
});

export const configSchema = z.strictObject({
  dataset: descriptor("dataset", "shapes(), imageFolder({ folder }) or npz({ file })"),
  features: named("features").prefault("efficientnet-lite0"),
  backend: named("backend").prefault("onnxruntime"),
  /**
   * Images sampled from each entry, and scored; without it, as many as there are held-out images, at most 512. At least four:
   * precision and recall need three neighbours of every image.
   */
  samples: z.int().min(4).max(10_000_000).optional(),
  seed: z.int().min(0).default(0),
  /** All entries train to the same total FLOPs, from which their steps follow; null: steps as the entries say. */
  budget: z.strictObject({ trainingFlops: z.number().positive() }).nullable().default(null),
  /** Labels of the samples: as many of each class, the training set's frequencies, or drawn uniformly. */
  labels: z.enum(["balanced", "frequency", "uniform"]).default("balanced"),
  /** The held-back reference part, or, as the field does on ImageNet, the training set itself. */
  scoreAgainst: z.enum(["reference", "train"]).default("reference"),
  /** Train and sample without labels. */
  unconditional: z.boolean().default(false),
  /** Preview grids over each training stage. */
  checkpoints: z.int().min(1).max(1000).default(4),
  /**
   * Parts of each entry's training FLOPs after which its weights are sampled and scored as they are at the end: quality along
   * training. A part that ends before an entry's last stage begins has no images yet.
   */
  milestones: z
    .array(z.number().gt(0).lt(1))
    .max(100)
    .refine(distinctParts, "names a part of the training twice")
    .default([]),
  entries: z
    .record(z.string().min(1), descriptor("model", "epg() or latent()"), {
      error: ({ code }) =>
        code === "invalid_type" ? 'expected entries by their names: { "my EPG": epg() }' : undefined,
    })
    .refine((entries) => Object.keys(entries).length > 0, "needs at least one entry to train"),
  /** Without it, entries are sampled as they say alone. */
  comparison: comparison.optional(),
  gates: gatesSchema.default({}),
  /** The baseline file to compare with, relative to the config. */
  baseline: z.string().min(1).optional(),
});

/** What a config file exports. */
export type Config = z.input<typeof configSchema>;

/** A config with its defaults. */
export type CheckedConfig = z.output<typeof configSchema>;

/**
 * The config of a run with every default in its place that does not hang on the data: plain JSON, written to `config.resolved.json`
 * and read again by `--resume`.
 */
export const resolvedConfigSchema = configSchema.extend({
  /** Only what trains nothing, timed in short: `run --quick`. */
  quick: z.literal(true).optional(),
  /** Names the run folder: the config file's stem, or "shapes", "photos" for the built-in ones. */
  name: z.string(),
  /** The config file as found; null for a built-in one. */
  file: z.string().nullable(),
  /** Relative paths in the options are relative to this folder. */
  baseFolder: z.string(),
});

export type ResolvedConfig = z.output<typeof resolvedConfigSchema>;
