/** An exported network as an ONNX file, its weights inside it or, where they are many, beside it. */
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { writeAtomically } from "../formats/atomic.ts";
import { asBytes, type NumericData } from "../formats/numeric-array.ts";
import { type Program, type StoredState, type Tensors, toOnnx } from "../program/index.ts";
import type { Exported } from "./export.ts";

/** An ONNX file is one protobuf message, of at most 2 GiB. */
const MOST_INSIDE_BYTES = 1.5e9;
/** Memory is mapped by pages. */
const PAGE_BYTES = 4096;

/**
 * Writes `path`, and `path`.data where the weights are more than `mostInside` bytes.
 * @returns the files written
 */
export async function writeOnnx(
  path: string,
  { network, weights, metadata }: Exported,
  mostInside = MOST_INSIDE_BYTES,
): Promise<readonly string[]> {
  const { program, documentation } = network;
  const about = { documentation, metadata: { ...metadata, macs_per_image: `${macsAnImage(program)}` } };
  const bytes = Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes <= mostInside) {
    await writeBytes(path, toOnnx(program, weights, about));
    return [path];
  }
  const data = `${path}.data`;
  const stored = placed(weights, basename(data));
  await writeData(data, weights, stored);
  // The model last: where it is, its data are.
  await writeBytes(path, toOnnx(program, {}, { ...about, stored }));
  return [path, data];
}

/** Of a call, whose batch is the first axis of whatever goes in. */
const macsAnImage = ({ macs, inputs }: Program): number => macs / Object.values(inputs)[0]!.shape[0]!;

function placed(weights: Tensors, location: string): Record<string, StoredState> {
  let end = 0;
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => {
      const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
      end = offset + data.byteLength;
      return [name, { location, offset, length: data.byteLength }];
    }),
  );
}

const writeData = (path: string, weights: Tensors, stored: Readonly<Record<string, StoredState>>) =>
  writeAtomically(path, async (file) => {
    for (const [name, { offset }] of Object.entries(stored))
      await writeAt(file, asBytes(weights[name]!.data as NumericData), offset);
  });

const writeBytes = (path: string, bytes: Uint8Array): Promise<void> =>
  writeAtomically(path, (file) => file.writeFile(bytes));

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
