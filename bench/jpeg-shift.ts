/**
 * `node --import jiti/register bench/jpeg-shift.ts FOLDER`: how far JPEG moves scores, the table of docs/jpeg.md.
 * The images of a folder, as they are and halved in size, are encoded anew, then scored against themselves and, one
 * half of them, against the other half as it was.
 */
import sharp from "sharp";
import { openImageSet } from "../harness/evaluate/image-set.ts";
import { decodeStoredPixels, encodePng, type Image } from "../harness/formats/image.ts";
import { featureMatrix, type Matrix, type Product, product } from "../harness/linear-algebra/index.ts";
import {
  frechetDistanceOfSamples,
  type Jackknifed,
  jackknifeGroups,
  kernelDistance,
  kernelReference,
  normalOfFeatures,
} from "../harness/metrics/index.ts";
import type { FeatureExtractor, Features } from "../harness/plugin.ts";
import { joinFeatures } from "../harness/run/join-features.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import efficientNet from "../plugins/features/efficientnet-lite0/index.ts";

const raw = ({ data, width, height }: Image) => sharp(data, { raw: { width, height, channels: 3 } });
const jpeg = (quality: number) => (image: Image) => raw(image).jpeg({ quality }).toBuffer();

const ENCODINGS: Readonly<Record<string, (image: Image) => Promise<Uint8Array>>> = {
  PNG: encodePng,
  "q 100": jpeg(100),
  "q 90": jpeg(90),
  "q 75": jpeg(75),
};

async function halved(image: Image): Promise<Image> {
  const size = { width: image.width >> 1, height: image.height >> 1, fit: "fill" } as const;
  return decodeStoredPixels(await raw(image).resize(size).png().toBuffer());
}

/** Features of the folder's images after `change`, in the order of the encodings. */
async function featuresOf(
  folder: string,
  change: (image: Image) => Promise<Image>,
  extractor: FeatureExtractor,
): Promise<Matrix[]> {
  const set = await openImageSet(folder);
  const encodings = Object.values(ENCODINGS);
  const parts: Features[][] = encodings.map(() => []);
  for await (const images of set.batches(extractor.batchSize)) {
    const changed = await Promise.all(images.map(change));
    for (const [i, encode] of encodings.entries()) {
      const decoded = changed.map(async (image) => decodeStoredPixels(await encode(image)));
      parts[i]!.push(await extractor.extract(await Promise.all(decoded)));
    }
  }
  const joined = parts.map(async (features) => {
    const all = await joinFeatures(set.length, features);
    return featureMatrix("features", all.features, all.dims);
  });
  return Promise.all(joined);
}

/** Every second row, from `first` on. */
function half({ data, rows, cols }: Matrix, first: 0 | 1): Matrix {
  const kept = Math.floor((rows - first + 1) / 2);
  const some = new Float64Array(kept * cols);
  for (let i = 0; i < kept; i++)
    some.set(data.subarray((2 * i + first) * cols, (2 * i + first + 1) * cols), i * cols);
  return { data: some, rows: kept, cols };
}

const shown = ({ value, standardError }: Jackknifed, by = 1): string =>
  `${(by * value).toFixed(2)} ± ${(by * standardError!).toFixed(2)}`;

/** FD of images to the same images as they were; FD and 1000·KID of one half to the other half as it was. */
async function shift(encoded: Matrix, original: Matrix, multiply: Product): Promise<string> {
  const [samples, others] = [half(encoded, 1), half(original, 0)];
  const groups = (rows: number) => jackknifeGroups(new Int32Array(rows));
  const fd = async (rows: Matrix, reference: Matrix) =>
    frechetDistanceOfSamples(rows, await normalOfFeatures(reference, multiply), groups(rows.rows), multiply);
  const same = await fd(encoded, original);
  const apart = await fd(samples, others);
  const kid = await kernelDistance(
    samples,
    await kernelReference(others, multiply),
    groups(samples.rows),
    multiply,
  );
  return `${same.value.toFixed(2)} | ${shown(apart)} | ${shown(kid, 1000)}`;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name a folder of images");
const backend = await onnxruntime.open({ threads: 2 } as never);
const extractor = await efficientNet.open({}, backend, { baseFolder: process.cwd() });
const multiply: Product = backend.product ?? product;
for (const [name, change] of [
  ["as they are", async (image: Image) => image],
  ["halved", halved],
] as const) {
  const all = await featuresOf(folder, change, extractor);
  const original = all[0]!;
  for (const [i, encoding] of Object.keys(ENCODINGS).entries()) {
    console.log(`| ${name} | ${encoding} | ${await shift(all[i]!, original, multiply)} |`);
  }
}
await extractor.dispose();
