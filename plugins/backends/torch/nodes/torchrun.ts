/** PyTorch's launcher of processes, as it is called, and what it says of one that ended. */
import { type Endpoint, spelled } from "./wire.ts";

interface Place {
  /** The machine's number, the first one's 0. */
  readonly node: number;
  readonly nodes: number;
  /** Where the first machine's torchrun keeps its store. */
  readonly store: Endpoint;
}

/** How long machines wait for the store of the first one, in seconds. */
const STORE_SECONDS = 120;

/**
 * Python's arguments before the script. Which machine has the first ranks must be the one whose pipes the harness holds: only
 * torchrun's static rendezvous takes it from the caller, c10d's sorts machines by name.
 * @param processes on this machine
 * @param place null for one machine
 */
export const torchrun = (processes: number, place: Place | null): string[] => [
  "-m",
  "torch.distributed.run",
  ...(place === null
    ? ["--standalone"]
    : [
        `--nnodes=${place.nodes}`,
        `--node-rank=${place.node}`,
        "--rdzv-backend=static",
        `--rdzv-endpoint=${spelled(place.store)}`,
        `--rdzv-conf=timeout=${STORE_SECONDS}`,
      ]),
  `--nproc-per-node=${processes}`,
];

/** Which of the processes ended first, as torchrun's report has it, and what it said before; null where it does not tell. */
export function failedRank(printed: string): string | null {
  const [, rank, code] = /Root Cause[\s\S]*?rank\s*: (\d+)[\s\S]*?exitcode\s*: (-?\d+)/.exec(printed) ?? [];
  if (rank === undefined) return null;
  const how = code!.startsWith("-")
    ? `was killed by signal ${code!.slice(1)}`
    : `ended with exit code ${code}`;
  const said = new RegExp(`^rank ${rank}: (.*)$`, "m").exec(printed)?.[1];
  return `process ${rank} of its ranks ${how}${said ? `: ${said}` : ""}`;
}
