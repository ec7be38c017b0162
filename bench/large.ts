/** `load-xl`: EPG-XL/16's weights from a file into an executable. `sample-l`: a 16-step sample of EPG-L/16 at 256 px. Each in a process of its own, whose peak memory is told beside. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";
import { writeSafetensorsFile } from "../harness/formats/safetensors.ts";
import { networkStates } from "../plugins/models/epg/checkpoint.ts";
import { networkShape } from "../plugins/models/epg/sizes.ts";
import { randomWeights } from "./large-weights.ts";
import type { BenchRow } from "./row.ts";

/** Gigabytes of disk and memory, and minutes: run only where they are asked for by name. */
export const LARGE: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "load-xl": loadXl,
  "sample-l": sampleL,
};

interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly weightBytes: number;
}

async function measured(work: "load" | "sample", ...argv: string[]): Promise<Measured> {
  const { stdout } = await execaNode(
    fileURLToPath(new URL("./large-process.ts", import.meta.url)),
    [work, ...argv],
    {
      nodeOptions: ["--import", "jiti/register"],
      stderr: "inherit",
    },
  );
  const found = JSON.parse(stdout) as Measured;
  const { peakBytes, weightBytes } = found;
  console.error(
    `  peak memory ${(peakBytes / 1e9).toFixed(2)} GB, ${(peakBytes / weightBytes).toFixed(2)}× the weights' ${(weightBytes / 1e9).toFixed(2)} GB`,
  );
  return found;
}

async function loadXl(): Promise<BenchRow> {
  const path = join(tmpdir(), "epg-bench-xl-16.safetensors");
  if (!existsSync(path)) {
    const states = networkStates(networkShape("XL/16", { resolution: 256, classes: 1000 }));
    await writeSafetensorsFile(path, randomWeights(states));
    console.error(`  wrote ${path}, which stays there for the next time`);
  }
  const { seconds } = await measured("load", path);
  return { id: "load-xl", unit: "s", value: seconds, peers: {} };
}

async function sampleL(): Promise<BenchRow> {
  const { seconds } = await measured("sample");
  return { id: "sample-l", unit: "s", value: seconds, peers: {} };
}
