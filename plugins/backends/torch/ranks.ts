/** Training by several processes: each has its part of the batch, all the same weights. What does not train runs in one. */
import { UserError } from "../../../harness/errors.ts";
import type { Executable } from "../../../harness/plugin.ts";
import { acrossRanks, type Program, type Tensors } from "../../../harness/program/index.ts";
import { compile } from "./executable.ts";
import { MEND_CUDA } from "./refusals.ts";
import { type Limits, type Ranks, startWorker, type Worker, type WorkerSettings } from "./worker-process.ts";

interface RankSettings extends Ranks {
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
  alone: Worker,
  settings: WorkerSettings,
  limits: Limits,
  { shardOptimiser, ...ranks }: RankSettings,
): Promise<OpenRanks> {
  const device = alone.hello.device.split(" ")[0]!;
  try {
    requireDevices(alone, device, ranks);
  } catch (error) {
    await alone.close();
    throw error;
  }
  const world = ranks.processes;
  let started: Promise<Worker> | null = null;
  let workers: Worker | null = null;
  const start = async (): Promise<Worker> => {
    started ??= startWorker({ ...settings, device }, limits, ranks);
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

function requireDevices({ hello }: Worker, device: string, { processes }: Ranks): void {
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
