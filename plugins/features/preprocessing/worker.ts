import { move } from "piscina";
import type { Image } from "../../../harness/formats/image.ts";
import { type Preparation, prepare } from "./prepare.ts";

/** What a thread of the pool runs; the result is moved, not copied. */
export default function work(task: {
  images: readonly Image[];
  size: number;
  preparation: Preparation;
}): unknown {
  return move(prepare(task.images, task.size, task.preparation));
}
