/** PyTorch in Python processes of its own: on the CPU, NVIDIA GPUs (cuda) or an Apple one (mps). */
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { mixedPrecision, type Program } from "../../../harness/program/index.ts";
import { pythonOption } from "../worker/python.ts";
import { check } from "./check.ts";
import { compile } from "./compile.ts";
import { gather } from "./nodes/gather.ts";
import { endpointOf } from "./nodes/wire.ts";
import { openProduct } from "./product.ts";
import { openRanks, requireDevices } from "./ranks.ts";
import { startTorch } from "./worker.ts";

const schema = z.strictObject({
  /** auto: the first of cuda, mps, cpu that is there. One that is named and not there is an error. */
  device: z.enum(["auto", "cpu", "cuda", "mps"]).default("auto"),
  python: pythonOption,
  /** torch.compile; without it every operation is run by itself. */
  compile: z.boolean().default(true),
  /**
   * Of products, all else is float32: tf32 rounds their operands to 10 bits of mantissa as NVIDIA's GPUs do, bf16 gives them bfloat16's.
   * Where images are scored it is left out.
   */
  precision: z.enum(["f32", "tf32", "bf16"]).default("f32"),
  /** Threads inside an operation on the CPU, of each process; the same number gives the same bits. */
  threads: z.int().min(1).max(256).default(2),
  /** Processes of a machine that train together, a GPU each on cuda; the batch is cut among those of all machines. */
  processes: z.int().min(1).max(1024).default(1),
  /** Machines that train together, the same command on each. */
  nodes: z.int().min(1).max(1024).default(1),
  /** `host:port` of the one that runs; the others compute with it. */
  rendezvous: z
    .string()
    .refine((text) => endpointOf(text) !== null, "give a host and a port: node1:29500")
    .optional(),
  /** Each process keeps its part of the optimiser's state alone; without it, from a hundred million parameters on. */
  shardOptimiser: z.boolean().optional(),
  /** How long one answer of the worker may take, compilation included. */
  timeoutSeconds: z.number().positive().default(1800),
});

const START_SECONDS = 180;

/** By the option's names. */
const PRECISIONS = { f32: "float32", tf32: "tensorfloat32", bf16: "bfloat16" } as const;

const plugin: BackendPlugin<z.infer<typeof schema>> = {
  name: "torch",
  schema,
  async open(options): Promise<Backend> {
    const { timeoutSeconds, precision, processes, nodes, rendezvous, shardOptimiser, ...own } = options;
    const settings = { ...own, tf32: precision === "tf32" };
    const limits = { startSeconds: START_SECONDS, answerSeconds: timeoutSeconds };
    const worker = await startTorch(settings, limits);
    const endpoint = nodes > 1 ? endpointOf(rendezvous ?? "") : null;
    const mixed = (program: Program): Program => (precision === "bf16" ? mixedPrecision(program) : program);
    const { torch, device } = worker.hello;
    const ranks =
      processes * nodes > 1
        ? await openRanks(worker, settings, limits, { processes, nodes, endpoint, shardOptimiser })
        : null;
    return {
      name: "torch",
      // Compiled kernels round otherwise than PyTorch's own.
      version: `${torch}${settings.compile ? "" : ", uncompiled"}`,
      device,
      precision: PRECISIONS[precision],
      threads: settings.threads,
      processes: processes * nodes,
      product: openProduct(worker),
      compile: (program, state) =>
        ranks !== null && program.batch !== undefined
          ? ranks.compile(mixed(program), state, program.batch)
          : compile(worker, mixed(program), state),
      peakMemoryBytes: () => worker.peakMemoryBytes() + (ranks?.peakMemoryBytes() ?? 0),
      async close() {
        await Promise.all([worker.close(), ranks?.close()]);
      },
    };
  },
  async gather({ nodes, rendezvous, processes, precision, python, device, threads, compile }, host) {
    if (nodes === 1) {
      if (rendezvous !== undefined)
        host.note("trains on this machine alone: --rendezvous is for --nodes 2 or more");
      return null;
    }
    if (rendezvous === undefined)
      throw new UserError(
        `backend torch: ${nodes} machines are to train together, and none is named to meet at`,
        "name the one that runs, and a free port of it: --rendezvous node1:29500",
      );
    // What a machine lacks is told before the others wait for it.
    const limits = { startSeconds: START_SECONDS, answerSeconds: START_SECONDS };
    const worker = await startTorch({ python, device, threads, compile, tf32: precision === "tf32" }, limits);
    await worker.close();
    requireDevices(worker, processes, processes * nodes);
    return gather({ nodes, rendezvous, python, torch: worker.hello.torch }, host);
  },
  check: () => check(schema.parse({}).python, START_SECONDS),
};

export default plugin;
