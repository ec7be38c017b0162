import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { Dataset, ImageSource } from "../../harness/plugin.ts";

/** What every data set promises. `open` opens one with at least 8 images a part; `changed`, it with one option changed each. */
export function datasetConforms(
  open: () => Promise<Dataset>,
  changed: Readonly<Record<string, () => Promise<Dataset>>>,
): void {
  const parts = (dataset: Dataset) => [dataset.train, dataset.reference, dataset.heldOut] as const;

  it("has parts of images of its resolution", async () => {
    const dataset = await open();
    for (const part of parts(dataset)) {
      expect(part.length).toBeGreaterThanOrEqual(8);
      const images = await part.images([0, part.length - 1]);
      expect(images.length).toBe(2 * dataset.resolution ** 2 * 3);
      expect(new Set(images).size).toBeGreaterThan(1);
    }
  });

  it("gives the same bits when it is opened again", async () => {
    const [first, second] = [await open(), await open()];
    expect(second.identity).toBe(first.identity);
    expect(second.classes).toEqual(first.classes);
    for (const [i, part] of parts(first).entries()) {
      const again = parts(second)[i]!;
      expect(again.identity).toBe(part.identity);
      expect(labels(again)).toEqual(labels(part));
      expect(await again.images(all(again))).toEqual(await part.images(all(part)));
    }
  });

  it("gives an image the same bits alone, in a batch, twice and in any order", async () => {
    const { train, resolution } = await open();
    const batch = await train.images([5, 2, 7, 2]);
    const bytes = resolution ** 2 * 3;
    for (const [k, index] of [5, 2, 7, 2].entries())
      expect(await train.images([index])).toEqual(batch.slice(k * bytes, (k + 1) * bytes));
    expect(await train.images([])).toEqual(new Uint8Array());
  });

  it("shares no image between its parts", async () => {
    const dataset = await open();
    const owners = new Map<string, number>();
    for (const [i, part] of parts(dataset).entries())
      for (const hash of await hashes(part)) {
        expect(owners.get(hash) ?? i).toBe(i);
        owners.set(hash, i);
      }
    expect(new Set(parts(dataset).map(({ identity }) => identity)).size).toBe(3);
  });

  it("labels every image with one of its classes, or none where there are no classes", async () => {
    const dataset = await open();
    expect(new Set(dataset.classes).size).toBe(dataset.classes.length);
    for (const part of parts(dataset))
      for (const label of labels(part)) {
        expect(Number.isInteger(label)).toBe(true);
        expect(label).toBeGreaterThanOrEqual(dataset.classes.length === 0 ? -1 : 0);
        expect(label).toBeLessThan(Math.max(dataset.classes.length, 0));
      }
  });

  it("refuses an index outside a part", async () => {
    const { train } = await open();
    for (const index of [-1, train.length]) {
      expect(() => train.label(index)).toThrow(RangeError);
      await expect(async () => train.images([index])).rejects.toThrow(RangeError);
    }
  });

  it.each(Object.keys(changed))("has another identity with %s", async (name) => {
    const other = await changed[name]!();
    const first = await open();
    expect(other.identity).not.toBe(first.identity);
  });
}

const all = (part: ImageSource) => Array.from({ length: part.length }, (_, i) => i);
const labels = (part: ImageSource) => all(part).map((i) => part.label(i));

async function hashes(part: ImageSource): Promise<string[]> {
  const images = await part.images(all(part));
  const bytes = images.length / part.length;
  return all(part).map((i) =>
    createHash("sha256")
      .update(images.subarray(i * bytes, (i + 1) * bytes))
      .digest("hex"),
  );
}
