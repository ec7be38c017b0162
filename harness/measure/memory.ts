import os from "node:os";
import type { Backend } from "../plugin.ts";

/**
 * Most bytes of host memory that this process has held so far, and with them the most that its backend has held in a
 * process of its own: at least what both held at one time.
 */
export const peakMemoryBytes = (backend: Pick<Backend, "peakMemoryBytes">): number =>
  process.resourceUsage().maxRSS * 1024 + (backend.peakMemoryBytes?.() ?? 0);

/** Bytes of memory that there are for processes here: a container's limit, where there is one. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}
