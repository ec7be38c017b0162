import { beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../../../harness/plugin.ts";
import plugin from "../../../../plugins/backends/torch/index.ts";
import { backendConforms } from "../../../conformance/backend.ts";
import { backendDifferentiatesModels } from "../../../conformance/backend-models.ts";
import { backendComputesAtOnce } from "../../../conformance/backend-ops.ts";
import { backendTrains } from "../../../conformance/backend-training.ts";
import { epgLosses } from "../../../conformance/epg-losses.ts";
import { reasonToSkip } from "../../../conformance/present.ts";

const open = (compile: boolean, precision = "f32"): Promise<Backend> =>
  plugin.open(
    plugin.schema.parse({ device: process.env.EPG_BENCH_DEVICE ?? "cpu", compile, precision, threads: 1 }),
  );

const skipped = await reasonToSkip("torch", async () => (await open(false)).close!());

if (skipped !== null) it.skip(`backend torch: ${skipped}`, () => {});
else backendConforms("torch, uncompiled", () => open(false));

// To compile a training step takes a minute or more.
describe.skipIf(process.env.EPG_BENCH_BACKEND !== "torch")(
  "backend torch, compiled (only where EPG_BENCH_BACKEND is torch)",
  { timeout: 3_600_000 },
  () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open(true);
    });
    backendComputesAtOnce(() => backend);
    backendDifferentiatesModels(() => backend);
    backendTrains(() => backend);
  },
);

describe.skipIf(skipped !== null)("backend torch, in bfloat16", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open(false, "bf16");
  });
  backendDifferentiatesModels(() => backend);
  backendTrains(() => backend);

  it("loses as float32 does, within 2 %, over 200 steps of a small EPG", { timeout: 120_000 }, async () => {
    const full = await open(false);
    const [expected, found] = [await epgLosses(full, 200), await epgLosses(backend, 200)];
    await full.close!();
    expect(found).not.toEqual(expected);
    const smoothed = (losses: readonly number[], at: number): number =>
      losses.slice(at, at + 20).reduce((sum, loss) => sum + loss, 0);
    for (let at = 0; at < 200; at += 20)
      expect(Math.abs(smoothed(found, at) / smoothed(expected, at) - 1), `step ${at}`).toBeLessThan(0.02);
    expect(smoothed(expected, 180)).toBeLessThan(0.7 * smoothed(expected, 0));
  });
});

describe.skipIf(skipped !== null || process.env.EPG_BENCH_DEVICE !== "cuda")(
  "backend torch, in TF32 (only where EPG_BENCH_DEVICE is cuda)",
  () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open(false, "tf32");
    });
    backendDifferentiatesModels(() => backend);
    backendTrains(() => backend);
  },
);

describe.skipIf(skipped !== null)("torch", () => {
  it("multiplies matrices in float64", async () => {
    const backend = await open(false);
    const matrix = (rows: number, values: number[]) => ({ rows, cols: 2, data: Float64Array.from(values) });
    const [a, b] = [matrix(2, [1, 2, 3, 1e-12]), matrix(3, [1, 0, 0, 1, 5, 6])];
    expect(await backend.product!(a, b)).toEqual({
      rows: 2,
      cols: 3,
      data: Float64Array.of(1, 2, 17, 3, 1e-12, 15 + 6e-12),
    });
    expect([...(await backend.product!(a, a)).data]).toEqual([5, 3 + 2e-12, 3 + 2e-12, 9]);
    await expect(backend.product!(a, { rows: 1, cols: 1, data: Float64Array.of(1) })).rejects.toThrow(
      "columns",
    );
    await backend.close!();
  });

  it.skipIf(process.env.EPG_BENCH_DEVICE === "cuda")("refuses TF32 where there is none", async () => {
    await expect(open(false, "tf32")).rejects.toThrow(
      /precision tf32 is of NVIDIA's GPUs .* computes on cpu/,
    );
  });

  it("refuses a device that is not there", async () => {
    const absent = process.platform === "darwin" ? "cuda" : "mps";
    await expect(plugin.open(plugin.schema.parse({ device: absent }))).rejects.toThrow(
      new RegExp(`no device "${absent}": PyTorch .* finds .*cpu`),
    );
  });
});

it("refuses options it does not know, and a Python that hangs on the folder it is named in", () => {
  for (const options of [{ device: "tpu" }, { threads: 0 }, { python: "venv/bin/python" }, { processes: 0 }])
    expect(plugin.schema.safeParse(options).success, JSON.stringify(options)).toBe(false);
  expect(plugin.schema.parse({ python: "python3" })).toEqual({
    device: "auto",
    python: "python3",
    compile: true,
    precision: "f32",
    threads: 2,
    processes: 1,
    nodes: 1,
    timeoutSeconds: 1800,
  });
});
