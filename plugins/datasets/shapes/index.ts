/** Procedural images: one object of one colour on a plain ground; the class is the object's outline. */
import { z } from "zod";
import type { Dataset, DatasetPlugin, ImageSource } from "../../../harness/plugin.ts";
import { createStream } from "../../../harness/random/index.ts";
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

/** One part, rendered on demand: image i depends on (seed, part, i) alone, and its class is i modulo their number. */
class Shapes implements ImageSource {
  readonly length: number;
  readonly identity: string;
  readonly #seed: number;
  readonly #part: string;
  readonly #side: number;

  constructor(seed: number, part: string, side: number, length: number) {
    this.length = length;
    this.identity = digest({
      shapes: RENDERER_VERSION,
      classes: Object.keys(OUTLINES),
      seed,
      part,
      side,
      length,
    });
    this.#seed = seed;
    this.#part = part;
    this.#side = side;
  }

  async images(indices: readonly number[]): Promise<Uint8Array> {
    const bytes = this.#side * this.#side * 3;
    const out = new Uint8Array(indices.length * bytes);
    for (const [k, index] of indices.entries()) {
      const outline = outlines[this.label(index)]!;
      const scene = drawScene(outline, createStream(this.#seed, "shapes", this.#part, index));
      render(scene, this.#side, out.subarray(k * bytes, (k + 1) * bytes));
    }
    return out;
  }

  label(index: number): number {
    if (!(index >= 0 && index < this.length))
      throw new RangeError(`image ${index} of ${this.length} in part ${this.#part}`);
    return index % outlines.length;
  }
}
