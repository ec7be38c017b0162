import { encodePng } from "../../../harness/formats/image.ts";

/** The bytes of a PNG of one grey. */
export async function plainPng(value: number, width = 2, height = 2): Promise<Buffer> {
  return Buffer.from(
    await encodePng({ width, height, data: new Uint8Array(3 * width * height).fill(value) }),
  );
}

/** Every batch of a set: the size and first number of each of its images. */
export async function batchesOf(
  set: {
    batches(size: number): AsyncIterable<readonly { width: number; height: number; data: Uint8Array }[]>;
  },
  size: number,
): Promise<string[]> {
  const found: string[] = [];
  for await (const images of set.batches(size))
    found.push(images.map(({ width, height, data }) => `${width}x${height}: ${data[0]}`).join(", "));
  return found;
}
