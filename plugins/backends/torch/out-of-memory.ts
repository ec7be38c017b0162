/** What a program that does not fit would need, told where memory runs out. */
import { bytesOf, type Program, peakMemory } from "../../../harness/program/index.ts";

const giga = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;

/** @param deviceBytes 0: not known */
export function needOf(program: Program, deviceBytes: number): string {
  const { stateBytes, valueBytes } = peakMemory(program);
  const need = `by the program it needs about ${giga(stateBytes + valueBytes)} at once, ${giga(stateBytes)} of them states`;
  return `${need}${deviceBytes > 0 ? `; the device has ${giga(deviceBytes)}` : ""}; ${wayOut(program, deviceBytes)}`;
}

const SMALLER = "a smaller batch takes less memory, as does a microBatch where the model has one";

/** Activations are in proportion to the batch, states and what takes their place are not. */
function wayOut(program: Program, deviceBytes: number): string {
  if (deviceBytes === 0) return SMALLER;
  const { stateBytes, valueBytes } = peakMemory(program);
  const updated = program.updates.reduce((bytes, { value }) => bytes + bytesOf(value), 0);
  const room = (deviceBytes - stateBytes - updated) / Math.max(1, valueBytes - updated);
  if (room <= 0)
    return "weights, moments and averages alone do not fit: take a smaller model or a larger device";
  if (room >= 1) return `others hold memory of the device, or kernels take more than the values: ${SMALLER}`;
  return `1/${2 ** Math.ceil(-Math.log2(room))} of the batch at once would fit: give that as microBatch where the model has one, or as batchSize`;
}
