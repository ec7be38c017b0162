/** Starts worker.py. */
import { EntryError } from "../../../harness/errors.ts";
import { type Limits, startWorker, type Worker, type WorkerProgram } from "../worker/process.ts";
import { requireUsable } from "./refusals.ts";

export interface TorchSettings {
  readonly python: string;
  readonly device: string;
  readonly threads: number;
  readonly compile: boolean;
  /** Operands of products in TF32, on cuda alone. */
  readonly tf32: boolean;
}

/** What a worker says of itself. */
export interface Hello {
  readonly python: string;
  readonly torch: string;
  /** The CUDA it was built for; null for none. */
  readonly cuda: string | null;
  /** What it computes on: "cpu", "cuda (NVIDIA H100)". */
  readonly device: string;
  /** All that are here: "cuda", "mps", "cpu". */
  readonly devices: readonly string[];
  /** NVIDIA's that are here. */
  readonly gpus: number;
  /** What torch.compile would need and does not find. */
  readonly lacking: readonly string[];
  /** Operations it can build. */
  readonly ops: readonly string[];
}

export type TorchWorker = Worker<Hello>;

export const WORKER = new URL("./worker.py", import.meta.url);

/** @throws UserError naming what is missing: Python, PyTorch, the device, a compiler */
export const startTorch = (
  { python, ...settings }: TorchSettings,
  limits: Limits,
  launch: Pick<WorkerProgram, "before" | "environment" | "ending" | "useless"> = {},
): Promise<TorchWorker> =>
  startWorker(
    {
      backend: "torch",
      python,
      script: WORKER,
      settings,
      ...launch,
      requireUsable(first, spawnError) {
        // That Python runs a worker it has shown by then: what ends several concerns what they train.
        if (launch.before && first instanceof Error) throw new EntryError(first.message);
        requireUsable({ python, ...settings }, first, spawnError);
      },
      remedies: {
        compiler: "--no-compile (compile: false) runs without torch.compile",
      },
    },
    limits,
  );
