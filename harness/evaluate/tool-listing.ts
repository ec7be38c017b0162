/**
 * Which files of a folder each evaluation tool takes, and in which order. The order is part of what torch-fidelity
 * (permuted IS, seeded KID), clean-fid and dgm-eval (random subsets) report; of the others it moves the last digits.
 */
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { byCodePoints, isHidden } from "./image-names.ts";

interface Listing {
  /** What it takes, to follow "takes". */
  readonly rule: string;
  /** @param names of all files of the folder, at any depth, with slashes */
  takes(names: readonly string[]): readonly string[];
  /** What it sorts an image by, as text; its name where nothing is said. */
  key?(name: string, folder: string): string | Promise<string>;
}

const isFlat = (name: string): boolean => !name.includes("/");
const endsIn = (pattern: string, flags = ""): ((name: string) => boolean) => {
  const ends = new RegExp(`\\.(${pattern})$`, flags);
  return (name) => ends.test(name);
};

const LOWER = "bmp|jpg|jpeg|pgm|png|ppm|tif|tiff|webp";
const lowerCase = endsIn(LOWER);
const oneCase = endsIn(`${LOWER}|${LOWER.toUpperCase()}`);
const anyCase = endsIn(LOWER, "i");
const torchFidelity = endsIn("jpg|jpeg|png", "i");
const cleanFid = endsIn(`${LOWER}|npy|JPEG|JPG|PNG`);

/** clean-fid e88c4d6, `get_folder_features`: a recursive glob, which passes over what is hidden, sorted as strings. */
const CLEAN_FID: Listing = {
  rule: "files at any depth, with endings in lower case, .JPEG, .JPG or .PNG",
  takes: (names) => names.filter((name) => cleanFid(name) && !isHidden(name)),
};

/** dgm-eval 74c79f7, `get_local_dataset`: the folder's own files, or those of its class folders, sorted as paths: folder by folder. */
const DGM_EVAL: Listing = {
  rule: "files directly in the folder, or where there are none, in the folders of one level, with endings in lower or upper case",
  takes(names) {
    const images = names.filter(oneCase);
    const flat = images.filter(isFlat);
    return flat.length > 0 ? flat : images.filter((name) => name.split("/").length === 2);
  },
  key: (name) => name.replaceAll("/", "\0"),
};

const LISTINGS = {
  /** guided-diffusion 22e0df8 reads no folders: an npz of one has the order that whoever made it chose. */
  adm: null,
  /** b9c1811, `compute_statistics_of_path`: `path.glob("*.ext")`, sorted as paths. */
  "pytorch-fid": {
    rule: "files directly in the folder, with endings in lower case",
    takes: (names) => names.filter((name) => isFlat(name) && lowerCase(name)),
  },
  /** 5e211a9, `glob_samples_paths` without `samples_find_deep`: sorted by where links lead to. */
  "torch-fidelity": {
    rule: "PNG and JPEG files directly in the folder",
    takes: (names) => names.filter((name) => isFlat(name) && torchFidelity(name)),
    key: (name, folder) => realpath(join(folder, name)),
  },
  "clean-fid": CLEAN_FID,
  "clean-fid-legacy-pytorch": CLEAN_FID,
  "clean-fid-legacy-tensorflow": CLEAN_FID,
  /** 008a4e5, `ImageFolderDataset`: `os.walk`, every ending Pillow knows, sorted as strings. */
  edm: {
    rule: "files at any depth, hidden ones among them",
    takes: (names) => names.filter(anyCase),
  },
  "dgm-eval": DGM_EVAL,
  "dgm-eval-clean-resize": DGM_EVAL,
} as const satisfies Readonly<Record<string, Listing | null>>;

/** A tool whose numbers are wanted. */
export type Tool = keyof typeof LISTINGS;

/** Images in the order in which the tool reads them; by code points where none is named. */
export async function inOrderOf(
  tool: Tool | undefined,
  images: readonly string[],
  folder: string,
): Promise<string[]> {
  const listing: Listing | null = tool ? LISTINGS[tool] : null;
  const keyed = await Promise.all(
    images.map(async (image) => ({ image, key: (await listing?.key?.(image, folder)) ?? image })),
  );
  return keyed.sort((a, b) => byCodePoints(a.key, b.key)).map(({ image }) => image);
}

/**
 * What the tool itself would make of the folder otherwise.
 * @param names of all its files
 * @param images those of them that are scored
 */
export function otherThanTool(tool: Tool, names: readonly string[], images: readonly string[]): string[] {
  const listing: Listing | null = LISTINGS[tool];
  if (!listing) return [];
  const { rule, takes } = listing;
  const taken = new Set(takes(names));
  const own = new Set(images);
  const left = images.filter((name) => !taken.has(name));
  const more = [...taken].filter((name) => !own.has(name));
  return [
    ...told(left, `${tool} takes ${rule}: of these ${images.length} images it would leave out`),
    ...told(more, `${tool} takes ${rule}: it would also take`),
  ];
}

function told(files: readonly string[], what: string): string[] {
  if (files.length === 0) return [];
  return [`${what} ${files.length} (${files.slice(0, 2).join(", ")}${files.length > 2 ? ", …" : ""})`];
}
