import { featureMatrix, type Product } from "../linear-algebra/index.ts";
import { addMoments, covarianceOf, meanOf, momentsOf } from "../metrics/index.ts";
import type { Moments } from "../metrics/moments.ts";

/** Rows that are summed at once: enough for the product to be fast, few enough to hold. */
const BLOCK = 512;

/** Mean and covariance of rows that come in any number at a time; memory does not grow with them. */
export class StreamedMoments {
  readonly #dims: number;
  readonly #multiply: Product;
  readonly #block: Float32Array;
  #rows = 0;
  #moments: Moments | null = null;

  constructor(dims: number, multiply: Product) {
    this.#dims = dims;
    this.#multiply = multiply;
    this.#block = new Float32Array(BLOCK * dims);
  }

  /** @param rows of `dims` numbers each */
  async add(rows: Float32Array): Promise<void> {
    for (let start = 0; start < rows.length; ) {
      const room = this.#block.length - this.#rows * this.#dims;
      const taken = rows.subarray(start, start + room);
      this.#block.set(taken, this.#rows * this.#dims);
      this.#rows += taken.length / this.#dims;
      start += taken.length;
      if (this.#rows === BLOCK) await this.#sum();
    }
  }

  async mean(): Promise<Float64Array> {
    return meanOf(await this.#all());
  }

  /**
   * d×d, row-major, of the divisor n − 1.
   * @throws RangeError for fewer than two rows
   */
  async covariance(): Promise<Float64Array> {
    return covarianceOf(await this.#all()).data;
  }

  async #all(): Promise<Moments> {
    if (this.#rows > 0) await this.#sum();
    if (!this.#moments) throw new RangeError("no rows have come");
    return this.#moments;
  }

  async #sum(): Promise<void> {
    const rows = this.#block.subarray(0, this.#rows * this.#dims);
    const block = await momentsOf(featureMatrix("features", rows, this.#dims), this.#multiply);
    this.#moments = this.#moments ? addMoments(this.#moments, block) : block;
    this.#rows = 0;
  }
}
