/** Data sets and their images. */
import type { ZodType } from "zod";

export interface DatasetPlugin<Options = never> {
  readonly name: string;
  readonly schema: ZodType<Options>;
  open(options: Options, context: DatasetContext): Promise<Dataset>;
}

export interface DatasetContext {
  readonly seed: number;
  /** Where decoded images may be kept, content-addressed. */
  readonly cacheFolder: string;
  /** Relative paths in the options are relative to this folder. */
  readonly baseFolder: string;
  /** Threads for decoding. */
  readonly threads: number;
}

export interface Dataset {
  readonly name: string;
  /** sha256 over everything that determines the images, labels and their order. */
  readonly identity: string;
  readonly resolution: number;
  readonly classes: readonly string[];
  /** Whether the class names are those of the feature extractor's own training set. */
  readonly classesAreImageNet: boolean;
  readonly train: ImageSource;
  readonly reference: ImageSource;
  readonly heldOut: ImageSource;
  /** Sentences for the report: small classes, skipped files. */
  readonly warnings: readonly string[];
  /** Why there are none of its images, and what gives them: until then a plan is all that can be made. */
  readonly absent?: { readonly message: string; readonly fix: string };
}

/** Random access to labelled images. */
export interface ImageSource {
  readonly length: number;
  readonly identity: string;
  /** uint8 RGB, [indices.length, resolution, resolution, 3], in the order asked. */
  images(indices: readonly number[]): Promise<Uint8Array>;
  label(index: number): number;
}
