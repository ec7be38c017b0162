import { move } from "piscina";
import { type Affine, type ImageBatch, pilBicubic } from "./pil-bicubic.ts";

/** What a thread of the pool runs; the result is moved, not copied. */
export default function resize(task: { batch: ImageBatch; size: number; affine: Affine }): unknown {
  return move(pilBicubic(task.batch, task.size, task.affine));
}
