/** Makes a reference of a set of images: the statistics that this tool, pytorch-fid, clean-fid and ADM score against. */
import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { writeAtomically } from "../formats/atomic.ts";
import { writeNpz } from "../formats/npz-writer.ts";
import { product } from "../linear-algebra/index.ts";
import { packageVersion } from "../package-root.ts";
import { fileChecksum } from "../references/checksum.ts";
import { knownReferences, type LocalReference, recordFile, referenceFolder } from "../references/known.ts";
import { onDisk } from "../references/on-disk.ts";
import { referenceName } from "../references/registry.ts";
import type { Stages } from "./extract.ts";
import { type ImageSet, openImageSet } from "./image-set.ts";
import { findExtractor, openBackend } from "./open-extractor.ts";
import { referencePass } from "./reference-pass.ts";

export interface Making {
  /** A folder of images, or an .npz of samples. */
  readonly images: string;
  readonly name: string;
  /** The side of the squares that the images become. */
  readonly resolution: number;
  /** The tool that is to score against it, by its name under `--as`. */
  readonly as: string;
  readonly weights: string | undefined;
  /** Images kept in the file, at most: ADM's precision and recall are against them. */
  readonly kept: number;
  /** Where the file goes; the user's cache where that is not said. */
  readonly out: string | undefined;
  readonly threads: number;
  readonly progress: Stages;
}

interface MadeReference {
  readonly reference: LocalReference;
  readonly warnings: readonly string[];
}

/** What FID and sFID are made of, by the names their means have in ADM's files. */
const LAYERS = { mu: "2048", mu_s: "spatial" } as const;

/** clean-fid looks for statistics by name and mode (`get_reference_statistics` in cleanfid/features.py). */
const CLEAN_FID_MODES: Readonly<Record<string, string>> = {
  "clean-fid": "clean",
  "clean-fid-legacy-pytorch": "legacy_pytorch",
  "clean-fid-legacy-tensorflow": "legacy_tensorflow",
};

/**
 * Writes the file, and a record by which its name is known from then on.
 * @throws UserError for a name that is taken or cannot be one, and for images that cannot be read
 */
export async function makeReferenceFile(making: Making): Promise<MadeReference> {
  await requireFree(making.name);
  const file = join(resolve(making.out ?? referenceFolder()), fileName(making));
  if (existsSync(file))
    throw new UserError(`${file} is there already`, "choose another --name, or remove it");
  const set = await openImageSet(making.images);
  try {
    if (set.length < 2)
      throw new UserError(`${set.path} holds 1 image, and a covariance needs two`, "name more images");
    return await written(file, set, making);
  } finally {
    await set.close();
  }
}

async function requireFree(name: string): Promise<void> {
  const parsed = referenceName.safeParse(name);
  if (!parsed.success)
    throw new UserError(`--name ${name} cannot be the name of a reference`, `take ${NAME_WORDS}`);
  const taken = (await knownReferences()).find((reference) => reference.name === name);
  if (taken)
    throw new UserError(
      `--name ${name} is taken, by ${"made" in taken ? taken.made.file : "a published reference"}`,
      "made" in taken ? `choose another, or remove that file and ${recordFile(name)}` : "choose another",
    );
}

const NAME_WORDS = "up to 100 small letters, digits, dots, dashes and underscores";

function fileName({ name, as }: Making): string {
  const mode = CLEAN_FID_MODES[as];
  return mode === undefined ? `${name}.npz` : `${name}_${mode}_custom_na.npz`;
}

const FIX = "free space there, or name another folder by --out";

/** As the registry says it of ADM's files. */
const CROP = "guided-diffusion's center_crop_arr: halved by boxes, Pillow's bicubic, centre square";

async function written(file: string, set: ImageSet, making: Making): Promise<MadeReference> {
  const { backend, extractor, means } = await open(making);
  try {
    const kept = Math.min(making.kept, set.length);
    const stage = making.progress.stage(`statistics of ${set.path}`, set.length, "images");
    const pass = referencePass(set, {
      extractor,
      means,
      multiply: backend.product ?? product,
      resolution: making.resolution,
      kept,
      progress: (done) => stage.update(done),
    });
    await onDisk(file, FIX, async () => {
      await mkdir(dirname(file), { recursive: true });
      await writeNpz(file, pass.arrays);
    });
    stage.done();
    const { pixels, enlarged } = pass.summary();
    const reference: LocalReference = {
      name: making.name,
      urls: [],
      sha256: await fileChecksum(file),
      bytes: (await stat(file)).size,
      n: set.length,
      samples: null,
      resolution: making.resolution,
      extractor: extractor.name,
      convention: making.as,
      crop: CROP,
      labels: "unlabelled",
      statistics: Object.fromEntries(means.map(({ mean, dimensions }) => [mean, dimensions])),
      images: kept > 0 ? kept : null,
      source: `images of ${resolve(set.path)}`,
      notes: [],
      made: {
        file,
        from: resolve(set.path),
        extractorId: extractor.id,
        preparation: extractor.description,
        pixels,
        tool: `epg-bench ${packageVersion()}`,
      },
    };
    await keepRecord(reference);
    return { reference, warnings: [...(extractor.warnings ?? []), ...warningsOf(set, enlarged, making)] };
  } finally {
    await extractor.dispose();
  }
}

function warningsOf(set: ImageSet, enlarged: number, { resolution }: Making): string[] {
  return enlarged === 0
    ? []
    : [`${enlarged} of ${set.length} images are smaller than ${resolution} px and were enlarged`];
}

function keepRecord(reference: LocalReference): Promise<void> {
  const record = recordFile(reference.name);
  return onDisk(record, FIX, async () => {
    await mkdir(dirname(record), { recursive: true });
    await writeAtomically(record, (to) => to.writeFile(`${JSON.stringify(reference, null, 2)}\n`));
  });
}

async function open({ as, weights, threads }: Making) {
  const options = { as, ...(weights !== undefined && { weights }) };
  const available = await findExtractor({ plugin: "inception", options, threads });
  const backend = await openBackend(threads);
  const { extractor, widths } = await available.open(Object.values(LAYERS), backend);
  const means = Object.entries(LAYERS).map(([mean, layer]) => ({ mean, layer, dimensions: widths[layer]! }));
  return { backend, extractor, means };
}
