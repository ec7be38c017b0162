/** Where training stands between two steps: `checkpoint.json` beside the state it points at. */
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Executable } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import type { Course } from "./divergence.ts";
import { readStored, store } from "./store.ts";
import { readTensors, writeTensors } from "./tensors.ts";

const CHECKPOINT = "checkpoint.json";

export interface Position {
  /** Steps done. */
  readonly step: number;
  readonly wallSeconds: number;
  /** Of them, what steps waited for their batches. */
  readonly inputWaitSeconds: number;
  readonly loss: number;
  readonly peakMemoryBytes: number;
  readonly course: Course | null;
}

/** Before the first step. */
export const BEGINNING: Position = {
  step: 0,
  wallSeconds: 0,
  inputWaitSeconds: 0,
  loss: Number.NaN,
  peakMemoryBytes: 0,
  course: null,
};

/** Leaves one checkpoint, the newest, whenever the process dies. */
export async function checkpoint(folder: string, executable: Executable, position: Position): Promise<void> {
  const file = `checkpoint-${position.step}.safetensors`;
  const before = await pointedAt(folder);
  await writeTensors(join(folder, file), await executable.readState());
  await store(folder, position, [file], CHECKPOINT);
  if (before && before !== file) await rm(join(folder, before), { force: true });
}

async function pointedAt(folder: string): Promise<string | null> {
  const path = join(folder, CHECKPOINT);
  if (!existsSync(path)) return null;
  const { value } = JSON.parse(await readFile(path, "utf8")) as { value: Position };
  return `checkpoint-${value.step}.safetensors`;
}

export async function lastCheckpoint(folder: string): Promise<{ position: Position; state: Tensors } | null> {
  const stored = await readStored<Position>(folder, CHECKPOINT);
  if (!stored) return null;
  const file = `checkpoint-${stored.value.step}.safetensors`;
  return { position: stored.value, state: await readTensors(join(folder, file)) };
}

export async function removeCheckpoints(folder: string): Promise<void> {
  const file = await pointedAt(folder);
  await rm(join(folder, CHECKPOINT), { force: true });
  if (file) await rm(join(folder, file), { force: true });
}
