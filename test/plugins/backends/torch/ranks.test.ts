/** Several processes that train one batch together, over gloo, have one process's losses and weights. */
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Stage, StageContext } from "../../../../harness/plugin.ts";
import { add, scalar, sum, type Tensors, trace, zeros } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import plugin from "../../../../plugins/backends/torch/index.ts";
import { freePort } from "../../../../plugins/backends/torch/nodes/call.ts";
import { gather } from "../../../../plugins/backends/torch/nodes/gather.ts";
import shapes from "../../../../plugins/datasets/shapes/index.ts";
import epg from "../../../../plugins/models/epg/index.ts";
import latent from "../../../../plugins/models/latent/index.ts";
import { distance } from "../../../conformance/ops-checks.ts";
import { reasonToSkip } from "../../../conformance/present.ts";

const STEPS = 3;
const IN_PARTS = "diffusion in micro-batches";
const CUT = "four, two on each of two machines, with the optimiser's state cut";
const COMMON = { device: "cpu", compile: false, threads: 1 };
const open = (processes: number, more = {}): Promise<Backend> =>
  plugin.open(plugin.schema.parse({ ...COMMON, processes, ...more }));
const skipped = await reasonToSkip("torch", async () => (await open(1)).close!());

/** y = Σ x + n, n ← n + Σ x */
const traced = trace("count", (p) => {
  const n = p.state("n", [], zeros);
  const total = add(sum(p.input("x", [8])), n);
  p.output("y", total);
  p.update("n", total);
});
const counting = { ...traced, batch: 8 };
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
  const executable = await backend.compile({ ...stage.program, batch: stage.batchSize }, state);
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

/** Two machines, acted by two ends of this process; `options` are for backends that train on both. */
async function twoMachines() {
  const rendezvous = `localhost:${await freePort()}`;
  const host = { note: () => {}, signal: new AbortController().signal };
  const options = { nodes: 2, rendezvous };
  const { python } = plugin.schema.parse({});
  const gathering = () => gather({ ...options, python, torch: "the same" }, host);
  const [one, other] = await Promise.all([gathering(), gathering()]);
  const [leader, helper] = one.leads ? [one, other] : [other, one];
  if (!leader.leads || helper.leads) throw new Error("one leads, the other does not");
  const serving = helper.serve();
  const leave = async (): Promise<void> => {
    await leader.leave();
    await serving;
  };
  return { options, leave };
}

describe.skipIf(skipped !== null)("a rank, or what started it, that is killed", { timeout: 300_000 }, () => {
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

  it("the rank of another machine: says so, and which", async () => {
    const machines = await twoMachines();
    const before = await childrenOf(process.pid);
    const backend = await open(1, machines.options);
    const executable = await backend.compile(counting, { n: scalar(0) });
    expect((await executable.run({ x })).y!.data[0]).toBe(36);
    const started = (await childrenOf(process.pid)).filter((pid) => !before.includes(pid));
    const ranks = (await Promise.all(started.map(childrenOf))).flat();
    expect(ranks).toHaveLength(2);
    const { stdout } = await execa("ps", ["-A", "-o", "pid=,args="]);
    const launchers = stdout
      .split("\n")
      .flatMap((line) => (line.includes("--node-rank=1") ? [Number.parseInt(line, 10)] : []));
    const [elsewhere] = await childrenOf(launchers.find((pid) => started.includes(pid))!);
    process.kill(elsewhere!, "SIGKILL");
    await expect(executable.run({ x })).rejects.toThrow(
      /^torch: on .+: process 1 of its ranks was killed by signal 9$/,
    );
    await expect.poll(() => ranks.filter(lives), { timeout: 20_000 }).toEqual([]);
    await backend.close!();
    await machines.leave();
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
    let inBfloat16: readonly Course[];
    let machines: Awaited<ReturnType<typeof twoMachines>>;

    beforeAll(async () => {
      backends.set("one", await open(1));
      backends.set("two", await open(2));
      machines = await twoMachines();
      backends.set(CUT, await open(2, { ...machines.options, shardOptimiser: true }));
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
      const [parts] = epg.stages(
        epg.schema.parse({ ...small, microBatch: 4, pretraining: { share: 0 } }) as never,
        task,
      );
      for (const stage of [...stages, { ...parts!, name: IN_PARTS }]) {
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
        if (stage.name === IN_PARTS)
          inBfloat16 = await Promise.all(
            [1, 2].map(async (processes) => {
              const backend = await open(processes, { precision: "bf16" });
              const course = await trained(stage, context, prepared, backend);
              await backend.close!();
              return course;
            }),
          );
      }
    }, 900_000);
    afterAll(async () => {
      for (const backend of backends.values()) await backend.close!();
      await machines.leave();
    });

    it("in bfloat16 lose as one does in bfloat16, within its rounding", () => {
      const full = courses.get(IN_PARTS)!.get("one")!;
      const [alone, together] = inBfloat16;
      expect(alone!.losses).not.toEqual(full.losses);
      together!.losses.forEach((loss, i) => {
        expect(Math.abs(loss / alone!.losses[i]! - 1), `step ${i + 1}`).toBeLessThan(2e-3);
      });
    });

    describe.each([
      "pre-training",
      "diffusion fine-tuning",
      "consistency fine-tuning",
      "VAE",
      "DiT",
      IN_PARTS,
    ])("%s", (stage) => {
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
    });
  },
);
