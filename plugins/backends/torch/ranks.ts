/** Training by several processes, of one machine or many: each has its part of the batch, all the same weights. What does not train runs in one. */
import { UserError } from "../../../harness/errors.ts";
import type { Executable } from "../../../harness/plugin.ts";
import { acrossRanks, batchInputs, type Program, type Tensors } from "../../../harness/program/index.ts";
import type { Limits } from "../worker/process.ts";
import { compile } from "./compile.ts";
import { type Called, call, freePort } from "./nodes/call.ts";
import { failedRank, torchrun } from "./nodes/torchrun.ts";
import type { Endpoint } from "./nodes/wire.ts";
import { MEND_CUDA } from "./refusals.ts";
import { startTorch, type TorchSettings, type TorchWorker } from "./worker.ts";

interface RankSettings {
  /** A machine. */
  readonly processes: number;
  /** Machines. */
  readonly nodes: number;
  /** Where they are gathered; null for one. */
  readonly endpoint: Endpoint | null;
  readonly shardOptimiser: boolean | undefined;
}

interface OpenRanks {
  /** @param batch the program's, which is cut among them */
  compile(program: Program, state: Tensors, batch: number): Promise<Executable>;
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
  { shardOptimiser, processes, nodes, endpoint }: RankSettings,
): Promise<OpenRanks> {
  const world = nodes * processes;
  const device = alone.hello.device.split(" ")[0]!;
  try {
    requireDevices(alone, processes, world);
  } catch (error) {
    await alone.close();
    throw error;
  }
  let started: Promise<TorchWorker> | null = null;
  let workers: TorchWorker | null = null;
  let called: Called | null = null;
  const launch = async (): Promise<TorchWorker> => {
    const { python, ...own } = { ...settings, device };
    const port = await freePort();
    if (endpoint) called = await call(endpoint, { port, processes, settings: own });
    return startTorch({ python, ...own }, limits, {
      before: torchrun(processes, endpoint && { node: 0, nodes, store: { host: endpoint.host, port } }),
      environment: { OMP_NUM_THREADS: String(settings.threads) },
      ending: failedRank,
      ...(called && { useless: called.fell }),
    });
  };
  const start = async (): Promise<TorchWorker> => {
    started ??= launch();
    workers = await started;
    return workers;
  };
  return {
    async compile(program, state, batch) {
      if (batch % world !== 0)
        throw new UserError(
          `backend torch: the batch of ${program.name} (${batch} rows) cannot be cut among ${world} processes`,
          `choose a batchSize that is a multiple of ${world}, or another number of processes`,
        );
      const cut = acrossRanks(program, world, {
        shardOptimiser: shardOptimiser ?? program.parameters >= LARGE,
        inputs: batchInputs(program),
      });
      return compile(await start(), program, state, cut);
    },
    peakMemoryBytes: () => workers?.peakMemoryBytes() ?? 0,
    async close() {
      await (await started?.catch(() => null))?.close();
      called?.release();
    },
  };
}

/**
 * @param processes on this machine
 * @param world on all
 * @throws UserError where there are fewer devices than processes
 */
export function requireDevices({ hello }: TorchWorker, processes: number, world: number): void {
  const [device] = hello.device.split(" ");
  if (device === "cuda" && hello.gpus < processes)
    throw new UserError(
      `backend torch: ${processes} GPUs were asked for, PyTorch ${hello.torch} finds ${hello.gpus}`,
      `--gpus ${hello.gpus}, or ${MEND_CUDA}; CUDA_VISIBLE_DEVICES hides GPUs too`,
    );
  if (device === "mps")
    throw new UserError(
      `backend torch: ${world} processes were asked for, and mps is one device`,
      "leave --processes and --nodes out, or take --device cpu",
    );
}
