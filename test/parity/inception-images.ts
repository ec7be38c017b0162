/** The images Inception's reference numbers were made from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "../../harness/formats/image.ts";
import { openNpz } from "../../harness/formats/npz-reader.ts";

/** I[y,x,c] = (7x + 13y + 29c + xy) mod 256. */
export function formulaImage(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = (7 * x + 13 * y + 29 * c + x * y) % 256;
  return { width, height, data };
}

/** The photos' pixels, by name. */
export async function photos(folder: string): Promise<ReadonlyMap<string, Image>> {
  const names = Object.keys(JSON.parse(readFileSync(join(folder, "images.json"), "utf8")));
  const file = await openNpz(join(folder, "images.npz"));
  const found = new Map<string, Image>();
  for (const name of names) {
    const { data, shape } = await file.read(name);
    found.set(name, { data: data as Uint8Array, height: shape[0]!, width: shape[1]! });
  }
  await file.close();
  return found;
}
