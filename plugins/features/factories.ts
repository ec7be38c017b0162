import type { Descriptor } from "../../harness/plugin.ts";
import type { Tool } from "./preprocessing/presets.ts";

/**
 * Inception-v3 "2015-12-05", the network of FID. `weights`: its file, relative to the config (else
 * EPG_BENCH_INCEPTION, else the user's cache). `as`: whose preprocessing (default "adm").
 */
export const inception = (options: { weights?: string; as?: Tool } = {}): Descriptor<"features"> => ({
  kind: "features",
  plugin: "inception",
  options,
});
