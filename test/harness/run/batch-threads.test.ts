import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import type { BatchContext, Descriptor } from "../../../harness/plugin.ts";
import type { Tensors } from "../../../harness/program/index.ts";
import type { openBatchThreads, ThreadData } from "../../../harness/run/batch-threads.ts";
import type { Makers } from "../../../harness/run/feed.ts";
import type { OpenModel } from "../../../harness/run/open.ts";
import { openStage } from "../../../harness/run/open-stage.ts";
import epg from "../../../plugins/models/epg/index.ts";
import { contextOf, TASK } from "../../plugins/models/epg/stage-context.ts";

/** Threads need the built package: plain Node cannot load the TypeScript sources. */
const built = new URL("../../../dist/harness/run/batch-threads.js", import.meta.url);

/** A user's model, whose batches are made, or fail, as their step says. */
const MODEL = `
const kept = new Float32Array(4);
export default {
  name: "mine", schema: { safeParse: (data) => ({ success: true, data }) }, sampler() {}, deviations() {},
  stages: () => [{ name: "training", batchSize: 4, batches: (context, { shift }) => async (step) => {
    if (step === 1) throw new Error("broke on purpose");
    const pixels = await context.train.images([step, step + 1, step + 2, step + 3]);
    const data = step === 2 ? kept : Float32Array.from({ length: 4 }, (_, k) => pixels[k * 192] + shift.data[0]);
    return { x: { dtype: "float32", shape: [4], data } };
  } }],
};`;

const jobOf = (model: Pick<Descriptor<"model">, "plugin" | "options">, stage: string): ThreadData["job"] => ({
  config: {
    seed: 3,
    baseFolder: tmpdir(),
    file: null,
    name: "test",
  } as unknown as ThreadData["job"]["config"],
  model: { kind: "model", ...model },
  stage,
  steps: 20,
  title: "a model",
});

describe.skipIf(!existsSync(built))("threads that make batches (skipped where dist/ is not built)", () => {
  let open: typeof openBatchThreads;
  let folder: string;
  const opened: Makers[] = [];
  const threadsOf = (job: ThreadData["job"], context: BatchContext, prepared: Tensors = {}): Makers => {
    const threads = open(job, context, prepared, 1);
    opened.push(threads);
    return threads;
  };

  beforeAll(async () => {
    ({ openBatchThreads: open } = (await import(built.href)) as {
      openBatchThreads: typeof openBatchThreads;
    });
    folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
    await writeFile(join(folder, "mine.mjs"), MODEL);
  });
  afterAll(async () => {
    for (const threads of opened) await threads.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("make the same bits as this one, in any order", async () => {
    const options = { size: "tiny", batchSize: 3 };
    const job = jobOf({ plugin: "epg", options }, "pre-training");
    const model = { model: epg, options: epg.schema.parse(options) } as unknown as OpenModel;
    const { stage, context } = openStage(job, model, TASK, contextOf(3, 20).train);
    const here = stage.batches(context, {});
    const threads = threadsOf(job, context);
    const steps = [7, 0, 19, 1];
    const found = await Promise.all(steps.map((step) => threads.make(step)));
    expect(found).toEqual(await Promise.all(steps.map((step) => here(step))));
  });

  it("tell what fails there as what it was, and make the next batch", async () => {
    const job = jobOf({ plugin: join(folder, "mine.mjs"), options: {} }, "training");
    const { train, ...context } = contextOf(4, 20);
    const damaged = new UserError("the cache file a.u8 was cut short", "run again");
    const images = (indices: readonly number[]) =>
      indices.includes(6) ? Promise.reject(damaged) : train.images(indices);
    const shift = { dtype: "float32", shape: [], data: Float32Array.of(0.5) } as const;
    const threads = threadsOf(job, { ...context, train: { ...train, images } }, { shift });
    await expect(threads.make(1)).rejects.toThrow("broke on purpose");
    await expect(threads.make(3)).rejects.toBe(damaged);
    // It is moved the first time, and gone.
    await threads.make(2).catch(() => {});
    await expect(threads.make(2)).rejects.toThrow("x: a batch's arrays must be new ones for every step");
    const { x } = await threads.make(0);
    expect([...x!.data]).toEqual([0, 31, 62, 93].map((value) => value + 0.5));
  });

  it("tell why they do not open with the first batch", async () => {
    const job = jobOf({ plugin: "epg", options: { size: "huge" } }, "pre-training");
    const threads = threadsOf(job, contextOf(3, 20));
    await threads.opened;
    await expect(threads.make(0)).rejects.toMatchObject({ name: "UserError", message: /huge/ });
  });
});
