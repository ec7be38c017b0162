/** Several processes that train one batch together, over gloo, have one process's losses and weights. */
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Stage, StageContext } from "../../../../harness/plugin.ts";
import { add, scalar, sum, type Tensors, trace, zeros } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import plugin from "../../../../plugins/backends/torch/index.ts";
import shapes from "../../../../plugins/datasets/shapes/index.ts";
import epg from "../../../../plugins/models/epg/index.ts";
import latent from "../../../../plugins/models/latent/index.ts";
import { distance } from "../../../conformance/ops-checks.ts";
import { reasonToSkip } from "../../../conformance/present.ts";

const STEPS = 3;
const CUT = "four, with the optimiser's state cut";
const open = (processes: number, more = {}): Promise<Backend> =>
  plugin.open(plugin.schema.parse({ device: "cpu", compile: false, threads: 1, processes, ...more }));
const skipped = await reasonToSkip("torch", async () => (await open(1)).close!());

/** y = Σ x + n, n ← n + Σ x */
const counting = trace("count", (p) => {
  const n = p.state("n", [], zeros);
  const total = add(sum(p.input("x", [8])), n);
  p.output("y", total);
  p.update("n", total);
});
const x = { dtype: "float32", shape: [8], data: Float32Array.from({ length: 8 }, (_, i) => i + 1) } as const;

interface Course {
  readonly losses: readonly number[];
  readonly state: Tensors;
}

const trained = async (
  stage: Stage,
  context: StageContext,
  prepared: Tensors,
  backend: Backend,
): Promise<Course> => {
  const random = createStream(1, stage.name);
  const state = initialState(stage.program, random, stage.start(context));
  const executable = await backend.compile(stage.program, state);
  const batchOf = stage.batches(context, prepared);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const batch = await batchOf(step);
    await executable.send?.(batch);
    losses.push((await executable.run(batch)).loss!.data[0]!);
  }
  const after = await executable.readState();
  await executable.dispose();
  return { losses, state: after };
};

/** Processes whose parent is that one. */
const childrenOf = async (parent: number): Promise<number[]> => {
  const { stdout } = await execa("ps", ["-A", "-o", "pid=,ppid="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return ppid === parent ? [pid!] : [];
  });
};
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.skipIf(skipped !== null)("a rank, or what started it, that is killed", { timeout: 180_000 }, () => {
  it.each([
    ["the second rank", /^torch: running count: process 1 of its ranks was killed by signal 9$/, 1],
    ["the first rank", /^torch: running count: process 0 of its ranks was killed by signal 9$/, 0],
    ["torchrun", /^torch: running count: its worker process was killed by SIGKILL/, null],
  ] as const)("%s: says so, and nothing of it goes on", async (_, expected, rank) => {
    const before = await childrenOf(process.pid);
    const backend = await open(2);
    const executable = await backend.compile(counting, { n: scalar(0) });
    expect((await executable.run({ x })).y!.data[0]).toBe(36);
    const isTorchrun = async (pid: number) => (await childrenOf(pid)).length === 2;
    const started = (await childrenOf(process.pid)).filter((pid) => !before.includes(pid));
    const [torchrun] = (
      await Promise.all(started.map(async (pid) => ((await isTorchrun(pid)) ? [pid] : [])))
    ).flat();
    const ranks = (await childrenOf(torchrun!)).toSorted((a, b) => a - b);
    process.kill(rank === null ? torchrun! : ranks[rank]!, "SIGKILL");
    await expect.poll(() => [torchrun!, ...ranks].filter(lives), { timeout: 20_000 }).toEqual([]);
    await expect(executable.run({ x })).rejects.toThrow(expected);
    await expect(executable.readState()).rejects.toThrow(expected);
    await backend.close!();
  });

  it("refuses a batch that cannot be cut, before anything starts", async () => {
    const backend = await open(3);
    await expect(backend.compile(counting, { n: scalar(0) })).rejects.toThrow(
      "backend torch: the batch of count (8 rows) cannot be cut among 3 processes",
    );
    await backend.close!();
  });
});

describe.skipIf(skipped !== null)(
  `several processes${skipped === null ? "" : ` (skipped: ${skipped})`}`,
  () => {
    const backends = new Map<string, Backend>();
    const courses = new Map<string, Map<string, Course>>();

    beforeAll(async () => {
      backends.set("one", await open(1));
      backends.set("two", await open(2));
      backends.set(CUT, await open(4, { shardOptimiser: true }));
      const opened = { seed: 0, cacheFolder: "", baseFolder: "", threads: 1 };
      const dataset = await shapes.open(
        { resolution: 16, train: 16, reference: 4, heldOut: 4 } as never,
        opened,
      );
      const task = { resolution: 16, classes: dataset.classes.length };
      const small = { size: "tiny", batchSize: 8 };
      const stages = [
        ...epg.stages(epg.schema.parse(small) as never, task),
        ...epg.stages(epg.schema.parse({ ...small, objective: "consistency" }) as never, task).slice(1),
        ...latent.stages(
          latent.schema.parse({ size: "tiny", vae: { batchSize: 4 }, dit: { batchSize: 8 } }) as never,
          task,
        ),
      ];
      const previous: Record<string, Tensors> = {};
      for (const stage of stages) {
        const context: StageContext = {
          task,
          steps: 100,
          batchSize: stage.batchSize,
          train: dataset.train,
          random: createStream(0, stage.name),
          previous,
          runtime: { compile: (program, state) => backends.get("one")!.compile(program, state) },
        };
        const prepared = (await stage.prepare?.(context)) ?? {};
        const found = new Map<string, Course>();
        for (const [name, backend] of backends)
          found.set(name, await trained(stage, context, prepared, backend));
        previous[stage.name] = stage.result(found.get("one")!.state);
        courses.set(stage.name, found);
      }
    }, 300_000);
    afterAll(async () => {
      for (const backend of backends.values()) await backend.close!();
    });

    describe.each(["pre-training", "diffusion fine-tuning", "consistency fine-tuning", "VAE", "DiT"])(
      "%s",
      (stage) => {
        it.each(["two", CUT])("on %s", (name) => {
          const found = courses.get(stage)!;
          const [alone, together] = [found.get("one")!, found.get(name)!];
          together.losses.forEach((loss, i) => {
            expect(Math.abs(loss / alone.losses[i]! - 1), `step ${i + 1}`).toBeLessThan(1e-5);
          });
          expect(Object.keys(together.state)).toEqual(Object.keys(alone.state));
          for (const [key, { data, shape }] of Object.entries(alone.state)) {
            expect(together.state[key]!.shape).toEqual(shape);
            // Softmax does not see it: its gradient is rounding alone, which AdamW makes as large as any.
            if (!key.endsWith("to_k.bias"))
              expect(distance(together.state[key]!.data, data, 0.1), key).toBeLessThan(2e-3);
          }
        });
      },
    );
  },
);
