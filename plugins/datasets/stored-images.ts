import { createHash } from "node:crypto";
import { UserError } from "../../harness/errors.ts";
import type { Dataset, ImageSource } from "../../harness/plugin.ts";
import { digest } from "./digest.ts";
import type { Pixels } from "./pixel-cache.ts";
import { type Part, partOf, type Split } from "./split.ts";

/** One image of a collection. */
export interface StoredImage {
  /** Of its source: a file's bytes, an array's pixels. */
  readonly sha256: string;
  /** −1 where there are no classes. */
  readonly label: number;
  /** Its row in the pixels. */
  readonly row: number;
}

export interface Collection {
  /** Where it comes from, for error messages. */
  readonly origin: string;
  readonly images: readonly StoredImage[];
  readonly classes: readonly string[];
  readonly pixels: Pixels;
  readonly resolution: number;
  readonly split: Split;
  /** How sources became pixels. */
  readonly decoder: string;
}

/**
 * The three parts of a collection and the identity of the whole. Images are in the order of their hashes,
 * so that any first n of a part are a fair draw of its classes and no file name matters.
 */
export function storedParts(
  collection: Collection,
): Pick<Dataset, "identity" | "train" | "reference" | "heldOut"> {
  const ordered = [...collection.images].sort(
    (a, b) => (a.sha256 < b.sha256 ? -1 : a.sha256 > b.sha256 ? 1 : 0) || a.label - b.label,
  );
  const part = (name: Part) => {
    const images = ordered.filter(({ sha256 }) => partOf(sha256, collection.split) === name);
    if (images.length === 0)
      throw new UserError(
        `${collection.origin} has ${ordered.length} image${ordered.length === 1 ? "" : "s"}, and none falls to the part ${name}`,
        "add images, or give that part a larger share in `split`",
      );
    return new StoredImages(images, collection);
  };
  const parts = { train: part("train"), reference: part("reference"), heldOut: part("heldOut") };
  const identities = Object.values(parts).map(({ identity }) => identity);
  return { identity: digest([collection.classes, ...identities]), ...parts };
}

class StoredImages implements ImageSource {
  readonly length: number;
  readonly identity: string;
  readonly #images: readonly StoredImage[];
  readonly #pixels: Pixels;

  constructor(images: readonly StoredImage[], { pixels, resolution, decoder }: Collection) {
    this.length = images.length;
    this.#images = images;
    this.#pixels = pixels;
    const hash = createHash("sha256").update(`${decoder}\n${resolution}\n`);
    for (const { sha256, label } of images) hash.update(`${sha256} ${label}\n`);
    this.identity = hash.digest("hex");
  }

  images(indices: readonly number[]): Promise<Uint8Array> {
    return this.#pixels.rows(indices.map((index) => this.#at(index).row));
  }

  label(index: number): number {
    return this.#at(index).label;
  }

  #at(index: number): StoredImage {
    const image = this.#images[index];
    if (!image) throw new RangeError(`image ${index} of ${this.length}`);
    return image;
  }
}
