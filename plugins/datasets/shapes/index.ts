/** Procedural images: one object of one colour on a plain ground; the class is the object's outline. */
import { z } from "zod";
import type { Dataset, DatasetPlugin, ImageSource } from "../../../harness/plugin.ts";
import { createStream, type Stream } from "../../../harness/random/index.ts";
import { digest } from "../digest.ts";
import { OUTLINES } from "./outlines.ts";
import { drawScene, RENDERER_VERSION, render } from "./render.ts";

const part = z.int().min(1).max(10_000_000);

const schema = z.strictObject({
  /** Pixels a side. */
  resolution: z.int().min(8).max(2048).default(32),
  /** Images in each part; the parts are drawn from disjoint seeds. */
  train: part.default(2048),
  reference: part.default(1024),
  heldOut: part.default(512),
});

type Options = z.infer<typeof schema>;

const plugin: DatasetPlugin<Options> = {
  name: "shapes",
  schema,
  async open({ resolution, train, reference, heldOut }, { seed }): Promise<Dataset> {
    const source = (name: string, length: number) => new Shapes(seed, name, resolution, length);
    const parts = {
      train: source("train", train),
      reference: source("reference", reference),
      heldOut: source("held-out", heldOut),
    };
    return {
      name: "shapes",
      identity: digest(Object.values(parts).map(({ identity }) => identity)),
      resolution,
      classes: Object.keys(OUTLINES),
      classesAreImageNet: false,
      ...parts,
      warnings: [],
    };
  },
};

export default plugin;

const outlines = Object.values(OUTLINES);

/** Parts up to this size are rendered once and kept, so that a training step waits for a copy alone. */
const KEPT_BYTES = 2 ** 26;

/** One part, rendered on demand: image i depends on (seed, part, i) alone, and its class is i modulo their number. */
class Shapes implements ImageSource {
  readonly length: number;
  readonly identity: string;
  readonly #random: Stream;
  readonly #side: number;
  readonly #kept: (Uint8Array | undefined)[] | null;

  constructor(seed: number, part: string, side: number, length: number) {
    this.length = length;
    const classes = Object.keys(OUTLINES);
    this.identity = digest({ shapes: RENDERER_VERSION, classes, seed, part, side, length });
    this.#random = createStream(seed, "shapes", part);
    this.#side = side;
    this.#kept = length * side * side * 3 <= KEPT_BYTES ? [] : null;
  }

  async images(indices: readonly number[]): Promise<Uint8Array> {
    const bytes = this.#side * this.#side * 3;
    const out = new Uint8Array(indices.length * bytes);
    for (const [k, index] of indices.entries()) out.set(this.#image(index), k * bytes);
    return out;
  }

  label(index: number): number {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`image ${index} of ${this.length}`);
    return index % outlines.length;
  }

  #image(index: number): Uint8Array {
    const kept = this.#kept?.[index];
    if (kept) return kept;
    const outline = outlines[this.label(index)]!;
    const image = new Uint8Array(this.#side * this.#side * 3);
    render(drawScene(outline, this.#random.stream(index)), this.#side, image);
    if (this.#kept) this.#kept[index] = image;
    return image;
  }
}
