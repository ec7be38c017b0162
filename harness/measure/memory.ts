import type { Backend } from "../plugin.ts";

/**
 * Most bytes of host memory that this process has held so far, and with them the most that its backend has held in a
 * process of its own: at least what both held at one time.
 */
export const peakMemoryBytes = (backend: Pick<Backend, "peakMemoryBytes">): number =>
  process.resourceUsage().maxRSS * 1024 + (backend.peakMemoryBytes?.() ?? 0);
