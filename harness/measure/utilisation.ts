/**
 * Hours and FLOPs are separate claims; what joins them is utilisation, the part of a device's peak that training
 * reaches. Peaks are dense bfloat16 of the vendor's data sheet, FLOPs 2·MACs, as model FLOPs utilisation has it.
 */
import { UserError } from "../errors.ts";
import { GPUS } from "./gpus.ts";

export interface Devices {
  readonly count: number;
  /** FLOP/s of one. */
  readonly peakFlops: number;
}

export const H200: Devices = { count: 1, peakFlops: GPUS.h200.peakFlops };

/** "8x H200" @throws UserError for a device whose peak is not known here */
export function devicesOf(hardware: string): Devices {
  const [, count, name] = /^(\d+)x (\w+)$/.exec(hardware) ?? [];
  const known = Object.values(GPUS).find((gpu) => gpu.name === name);
  if (known === undefined) throw new UserError(`the peak of "${hardware}" is not known here`);
  return { count: Number(count), peakFlops: known.peakFlops };
}

const capacity = ({ count, peakFlops }: Devices, hours: number): number => count * peakFlops * 3600 * hours;

/** The part of the devices' peak that this work in these hours implies. */
export const utilisation = (flops: number, hours: number, devices: Devices): number =>
  flops / capacity(devices, hours);

export const hoursAt = (flops: number, devices: Devices, used: number): number =>
  flops / (capacity(devices, 1) * used);
