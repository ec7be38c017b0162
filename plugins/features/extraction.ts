import type { Image } from "../../harness/formats/image.ts";
import type { Executable } from "../../harness/plugin.ts";
import type { Preprocessor } from "./preprocessing/pool.ts";
import type { Preparation } from "./preprocessing/prepare.ts";

/** A network that turns images into rows of numbers, and how images are prepared for it. */
export interface Extraction {
  /** Input `x` [batch, 3, side, side]. */
  readonly network: Executable;
  readonly batch: number;
  readonly side: number;
  readonly preprocessor: Preprocessor;
  readonly preparation: Preparation;
  /** Numbers an image, by output. */
  readonly widths: Readonly<Record<string, number>>;
}

/** Each output's rows, float32 [images.length, width]. A short last batch is padded with zeros, and the padding's rows dropped. */
export async function extractRows(
  images: readonly Image[],
  { network, batch, side, preprocessor, preparation, widths }: Extraction,
): Promise<Readonly<Record<string, Float32Array>>> {
  const rows = Object.fromEntries(
    Object.entries(widths).map(([name, width]) => [name, new Float32Array(images.length * width)]),
  );
  const prepared = async (start: number): Promise<Float32Array> => {
    const numbers = await preprocessor.prepare(images.slice(start, start + batch), side, preparation);
    if (start + batch <= images.length) return numbers;
    const padded = new Float32Array(batch * 3 * side * side);
    padded.set(numbers);
    return padded;
  };
  let upcoming = prepared(0);
  for (let start = 0; start < images.length; start += batch) {
    const x = { dtype: "float32", shape: [batch, 3, side, side], data: await upcoming } as const;
    const running = network.run({ x });
    // The next batch is prepared while this one is in the network.
    if (start + batch < images.length) upcoming = prepared(start + batch);
    // Where the network fails too, its failure is the one that is told.
    upcoming.catch(() => {});
    const outputs = await running;
    const kept = Math.min(batch, images.length - start);
    for (const [name, width] of Object.entries(widths))
      rows[name]!.set(outputs[name]!.data.subarray(0, kept * width), start * width);
  }
  return rows;
}
