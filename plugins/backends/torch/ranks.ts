/** Training by several processes: each has its part of the batch, all the same weights. What does not train runs in one. */
import { UserError } from "../../../harness/errors.ts";
import type { Executable } from "../../../harness/plugin.ts";
import { acrossRanks, type Program, type Tensors } from "../../../harness/program/index.ts";
import type { Limits } from "../worker/process.ts";
import { compile } from "./compile.ts";
import { MEND_CUDA } from "./refusals.ts";
import { startTorch, type TorchSettings, type TorchWorker } from "./worker.ts";

interface RankSettings {
  /** On this machine. */
  readonly processes: number;
  readonly shardOptimiser: boolean | undefined;
}

interface OpenRanks {
  compile(program: Program, state: Tensors): Promise<Executable>;
  peakMemoryBytes(): number;
  close(): Promise<void>;
}

/** From how many parameters on cutting the optimiser's state saves a process a gigabyte. */
const LARGE = 100_000_000;

/**
 * They start with the first program that trains.
 * @param alone the worker of one process, which told what is here
 * @throws UserError where there are fewer devices than processes
 */
export async function openRanks(
  alone: TorchWorker,
  settings: TorchSettings,
  limits: Limits,
  { shardOptimiser, processes: world }: RankSettings,
): Promise<OpenRanks> {
  const device = alone.hello.device.split(" ")[0]!;
  try {
    requireDevices(alone, device, world);
  } catch (error) {
    await alone.close();
    throw error;
  }
  let started: Promise<TorchWorker> | null = null;
  let workers: TorchWorker | null = null;
  const start = async (): Promise<TorchWorker> => {
    started ??= startTorch({ ...settings, device }, limits, {
      before: torchrun(world),
      environment: { OMP_NUM_THREADS: String(settings.threads) },
      ending: failedRank,
    });
    workers = await started;
    return workers;
  };
  return {
    async compile(program, state) {
      const cut = acrossRanks(program, world, {
        shardOptimiser: shardOptimiser ?? program.parameters >= LARGE,
      });
      if (Object.keys(cut.inputs).length === 0) throw indivisible(program, world);
      return compile(await start(), program, state, cut);
    },
    peakMemoryBytes: () => workers?.peakMemoryBytes() ?? 0,
    close: async () => (await started?.catch(() => null))?.close(),
  };
}

const torchrun = (processes: number): string[] => [
  "-m",
  "torch.distributed.run",
  "--standalone",
  "--nproc-per-node",
  String(processes),
];

/** Which of the processes ended first, as torchrun's report has it, and what it said before. */
function failedRank(printed: string): string | null {
  const [, rank, code] = /Root Cause[\s\S]*?rank\s*: (\d+)[\s\S]*?exitcode\s*: (-?\d+)/.exec(printed) ?? [];
  if (rank === undefined) return null;
  const how = code!.startsWith("-")
    ? `was killed by signal ${code!.slice(1)}`
    : `ended with exit code ${code}`;
  const said = new RegExp(`^rank ${rank}: (.*)$`, "m").exec(printed)?.[1];
  return `process ${rank} of its ranks ${how}${said ? `: ${said}` : ""}`;
}

function requireDevices({ hello }: TorchWorker, device: string, processes: number): void {
  if (device === "cuda" && hello.gpus < processes)
    throw new UserError(
      `backend torch: ${processes} GPUs were asked for, PyTorch ${hello.torch} finds ${hello.gpus}`,
      `--gpus ${hello.gpus}, or ${MEND_CUDA}; CUDA_VISIBLE_DEVICES hides GPUs too`,
    );
  if (device === "mps")
    throw new UserError(
      `backend torch: ${processes} processes were asked for, and mps is one device`,
      "leave --processes out, or take --device cpu",
    );
}

function indivisible({ name, inputs }: Program, world: number): UserError {
  const rows = [...new Set(Object.values(inputs).flatMap(({ shape }) => shape.slice(0, 1)))];
  return new UserError(
    `backend torch: the batch of ${name} (${rows.join(", ")} rows) cannot be cut among ${world} processes`,
    `choose a batchSize that is a multiple of ${world}, or another number of processes`,
  );
}
