/**
 * `recompute-<engine>`: the most memory that steps take with blocks computed anew, beside the same with them kept, and what
 * the programs say of both. Each in a process of its own: what it holds at most, less what it held before its first step.
 */
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";
import { bytesOf, type Program, peakBytes } from "../harness/program/index.ts";
import { ENGINES } from "./engines.ts";
import { epgStep } from "./epg-step.ts";
import { type BenchRow, Skipped } from "./row.ts";

export const BATCH = 64;

/** Minutes, where programs are compiled: run only where they are asked for by name. */
export const RECOMPUTE: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  Object.keys(ENGINES).map((engine) => {
    const id = `recompute-${engine.replace(" ", "-")}`;
    return [id, () => compared(id, engine)];
  }),
);

async function compared(id: string, engine: string): Promise<BenchRow> {
  const { program } = await epgStep("diffusion", BATCH);
  return {
    id,
    unit: "MB",
    value: await measured(engine, true),
    peers: {
      kept: await measured(engine, false),
      "by the program": predicted(program.recomputing!()),
      "by the program, kept": predicted(program),
    },
  };
}

/** Activations, and the new states, which lie beside the old ones until a step ends. */
const predicted = (program: Program): number =>
  (peakBytes(program) + program.updates.reduce((bytes, { value }) => bytes + bytesOf(value), 0)) / 1e6;

async function measured(engine: string, recompute: boolean): Promise<number> {
  const script = fileURLToPath(new URL("./recompute-process.ts", import.meta.url));
  const { stdout } = await execaNode(script, [engine, String(recompute)], {
    nodeOptions: ["--import", "jiti/register"],
    stderr: "inherit",
  });
  const found = JSON.parse(stdout) as { readonly bytes: number } | { readonly skipped: string };
  if ("skipped" in found) throw new Skipped(found.skipped);
  return found.bytes / 1e6;
}
