/**
 * A data set by its numbers alone, for what needs no image of it: plans of training at its size, and sampling from
 * weights that were trained on it. Whatever asks for an image is told to give the real one.
 */
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import type { Dataset, DatasetPlugin, ImageSource } from "../../../harness/plugin.ts";
import { digest } from "../digest.ts";

const schema = z.strictObject({
  /** "ImageNet-1K" */
  title: z.string().min(1),
  resolution: z.int().min(8).max(2048),
  classes: z.int().min(0).max(100_000),
  /** Training images. */
  train: z.int().min(0).max(1e9),
});

type Options = z.infer<typeof schema>;

const plugin: DatasetPlugin<Options> = {
  name: "announced",
  schema,
  async open(options): Promise<Dataset> {
    const { title, resolution, classes, train } = options;
    const absent = {
      message: `the config announces the data set ${title}, and has none of its images`,
      fix: "give the folder of its images with --data",
    };
    const source = (part: string, length: number): ImageSource => {
      const refuse = (): never => {
        throw new UserError(absent.message, absent.fix);
      };
      return { length, identity: digest({ ...options, part }), images: async () => refuse(), label: refuse };
    };
    return {
      name: title,
      identity: digest({ announced: options }),
      resolution,
      classes: Array.from({ length: classes }, (_, label) => `${label}`),
      classesAreImageNet: false,
      train: source("train", train),
      reference: source("reference", 0),
      heldOut: source("held out", 0),
      warnings: [],
      absent,
    };
  },
};

export default plugin;
