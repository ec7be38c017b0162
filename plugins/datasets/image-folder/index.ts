/** A folder of photographs: class sub-folders, or flat for unconditional models. */
import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import type { Dataset, DatasetContext, DatasetPlugin } from "../../../harness/plugin.ts";
import { warnOfSmallClasses } from "../small-classes.ts";
import { splitSchema } from "../split.ts";
import { type StoredImage, storedParts } from "../stored-images.ts";
import { decodeFiles, decoder, type ImageFile } from "./files.ts";
import { type Listing, listImages } from "./listing.ts";

const schema = z.strictObject({
  folder: z.string().min(1),
  /** Pixels a side: each image's centre square is scaled to it. */
  resolution: z.int().min(8).max(2048).default(64),
  split: splitSchema,
  /** Leave the class folders' names aside. */
  unconditional: z.boolean().default(false),
  /** Leave unreadable images out, with a warning, instead of stopping. */
  skipUnreadable: z.boolean().default(false),
});

type Options = z.infer<typeof schema>;

const plugin: DatasetPlugin<Options> = {
  name: "image-folder",
  schema,
  async open(options: Options, context: DatasetContext): Promise<Dataset> {
    const folder = resolve(context.baseFolder, options.folder);
    const { files: listed, warnings } = await listFiles(folder, options.unconditional);
    const { pixels, files, warnings: damage } = await decodeFiles(listed, options.resolution, context);
    const images = files.filter((file) => "row" in file);
    const unreadable = files
      .filter((file) => "reason" in file)
      .map(({ path, reason }) => ({
        path: relative(folder, path),
        reason,
      }));
    if (unreadable.length > 0) warnings.push(reportUnreadable(unreadable, options.skipUnreadable));
    const classes = classNames(images);
    const labels = new Map(classes.map((name, label) => [name, label]));
    const stored = images.map(
      ({ sha256, row, className }): StoredImage => ({
        sha256,
        row,
        label: className === null ? -1 : labels.get(className)!,
      }),
    );
    const parts = storedParts({
      origin: `the image folder ${folder}`,
      images: stored,
      classes,
      pixels,
      resolution: options.resolution,
      split: options.split,
      decoder,
    });
    const small = warnOfSmallClasses(
      classes,
      stored.map(({ label }) => label),
    );
    return {
      name: "image-folder",
      ...parts,
      resolution: options.resolution,
      classes,
      classesAreImageNet: classes.length > 0 && classes.every((name) => /^n\d{8}$/.test(name)),
      warnings: [...warnings, ...damage, ...small],
    };
  },
};

export default plugin;

/** The images to read, each with its class (null: none), and what was left out. */
async function listFiles(
  folder: string,
  unconditional: boolean,
): Promise<{ files: ImageFile[]; warnings: string[] }> {
  const found = await stat(folder).catch(() => null);
  if (!found)
    throw new UserError(
      `the image folder ${folder} does not exist`,
      "check `folder` in the config, or --data",
    );
  if (!found.isDirectory())
    throw new UserError(
      `the image folder ${folder} is not a folder`,
      "name the folder that holds the images",
    );
  const listing = await listImages(folder);
  const { loose, classes } = listing;
  const warnings = describeOthers(listing);
  const flat = unconditional || classes.size === 0;
  const files = [...classes].flatMap(([name, paths]) =>
    paths.map((path) => ({ path, className: flat ? null : name })),
  );
  if (flat) files.push(...loose.map((path) => ({ path, className: null })));
  else if (loose.length > 0)
    warnings.push(`Left out: ${count(loose.length, "image")} beside the class folders of ${folder}.`);
  if (files.length === 0)
    throw new UserError(
      `the image folder ${folder} holds no .jpg, .jpeg, .png or .webp file`,
      "name a folder whose sub-folders are the classes, or a flat folder of images: `folder` in the config, or --data FOLDER",
    );
  return { files, warnings };
}

function describeOthers({ others }: Listing): string[] {
  if (others.size === 0) return [];
  const kinds = [...others]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([extension, n]) => `${n} × ${extension || "no extension"}`);
  const total = [...others.values()].reduce((a, b) => a + b, 0);
  return [`Left out: ${count(total, "file")} not named .jpg, .jpeg, .png or .webp (${kinds.join(", ")}).`];
}

/** A warning that counts and lists the unreadable files; without `skip`, an error that names the first. */
function reportUnreadable(files: readonly { path: string; reason: string }[], skip: boolean): string {
  const { path, reason } = files[0]!;
  const others = files.length > 1 ? ` (and ${files.length - 1} more)` : "";
  if (!skip)
    throw new UserError(
      `the image ${path} cannot be read: ${reason}${others}`,
      "repair or remove it, or leave such images out with --skip-unreadable",
    );
  const listed = files.slice(0, 20).map((file) => `${file.path} (${file.reason})`);
  if (files.length > listed.length) listed.push("…");
  return `Left out: ${count(files.length, "unreadable image")}: ${listed.join(", ")}.`;
}

/** Sorted by name; none for images without classes. */
function classNames(images: readonly ImageFile[]): string[] {
  const names = new Set(images.map(({ className }) => className));
  return [...names].filter((name) => name !== null).sort();
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;
