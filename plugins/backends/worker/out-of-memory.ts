/** Memory that runs out: the error, and what a program that does not fit would need. */
import { bytesText } from "../../../harness/bytes.ts";
import { bytesOf, type Program, peakBytes, type Value } from "../../../harness/program/index.ts";

const bytesOfAll = (values: readonly Value[]): number =>
  values.reduce((bytes, value) => bytes + bytesOf(value), 0);

/** Inputs and activations, which are in proportion to the batch. */
const movingBytes = (program: Program): number =>
  bytesOfAll(Object.values(program.inputs)) + peakBytes(program);

/** @param deviceBytes 0: not known */
export function needOf(program: Program, deviceBytes: number): string {
  const states = bytesOfAll(program.states.map(({ value }) => value));
  // The new ones lie beside the old ones until a run ends.
  const fixed = states + bytesOfAll(program.updates.map(({ value }) => value));
  const moving = movingBytes(program);
  const need = `by the program it needs about ${bytesText(fixed + moving)} at once, ${bytesText(states)} of them states`;
  const found = deviceBytes > 0 ? `; the device has ${bytesText(deviceBytes)}` : "";
  const recomputing = program.recomputing ? movingBytes(program.recomputing()) : moving;
  const anew = recomputing < moving ? `; with recompute: true about ${bytesText(fixed + recomputing)}` : "";
  const room = deviceBytes - fixed;
  return `${need}${anew}${found}; ${wayOut(room / Math.max(1, moving), room / Math.max(1, recomputing), deviceBytes)}`;
}

const SMALLER = "a smaller batch takes less memory, as does a microBatch where the model has one";

/**
 * @param room part of the inputs and activations that fits beside the states
 * @param recomputing the same with blocks computed anew in the backward pass
 */
function wayOut(room: number, recomputing: number, deviceBytes: number): string {
  if (deviceBytes === 0) return SMALLER;
  if (room <= 0)
    return "weights, moments and averages alone do not fit: take a smaller model or a larger device";
  if (room >= 1) return `others hold memory of the device, or kernels take more than the values: ${SMALLER}`;
  const part = `${partOf(room)} of the batch at once would fit: give that as microBatch where the model has one, or as batchSize`;
  if (recomputing >= 1) return `with recompute: true it would fit, and without it ${part}`;
  return recomputing > room ? `${part}; with recompute: true, ${partOf(recomputing)}` : part;
}

const partOf = (room: number): string => `1/${2 ** Math.ceil(-Math.log2(room))}`;

/** A request that the device has too little memory for. */
export class OutOfMemory extends Error {
  override name = "OutOfMemory";
  /** What the device has in all; 0 where that is not known. */
  readonly deviceBytes: number;

  constructor(message: string, deviceBytes: number) {
    super(message);
    this.deviceBytes = deviceBytes;
  }
}
