import { expect, it } from "vitest";
import { linear, type Tensor, trace, zeros } from "../../../harness/program/index.ts";
import { createStream } from "../../../harness/random/index.ts";
import { compile } from "../../../plugins/backends/onnxruntime/executable.ts";
import plugin from "../../../plugins/backends/onnxruntime/index.ts";
import { backendConforms } from "../../conformance/backend.ts";
import { reasonToSkip } from "../../conformance/present.ts";

const DEVICE = process.env.EPG_BENCH_BACKEND === "onnxruntime" ? process.env.EPG_BENCH_DEVICE : undefined;
const open = () => plugin.open(plugin.schema.parse({ device: DEVICE, threads: 2 }));
const skipped = await reasonToSkip("onnxruntime", open);

if (skipped !== null) it.skip(`backend onnxruntime: ${skipped}`, () => {});
else backendConforms("onnxruntime, 2 threads", open);

it("reads weights that are too many to be baked into a model where they lie, to the same numbers", async () => {
  const network = trace("network", (p) => {
    const w = p.parameter("w", [3, 4], zeros);
    p.output("y", linear(p.input("x", [2, 4]), w));
  });
  const drawn = (rows: number, seed: number): Tensor => {
    const data = new Float32Array(rows * 4);
    createStream(seed).fillNormal(data);
    return { dtype: "float32", shape: [rows, 4], data };
  };
  const [w, other, x] = [drawn(3, 1), drawn(3, 2), drawn(2, 3)];
  const [baked, borrowing] = await Promise.all(
    [undefined, 0].map((most) => compile(network, { w }, { device: "cpu", threads: 2 }, most)),
  );
  expect(await borrowing!.run({ x })).toEqual(await baked!.run({ x }));
  const kept = await borrowing!.readState();
  expect(kept.w!.data).toEqual(w.data);
  expect(kept.w!.data).not.toBe(w.data);
  await borrowing!.writeState({ w: other });
  await baked!.writeState({ w: other });
  expect(await borrowing!.run({ x })).toEqual(await baked!.run({ x }));
  await expect(borrowing!.writeState({ w: x })).rejects.toThrow("state w is float32 [3,4]");
  for (const executable of [baked!, borrowing!]) await executable.dispose();
});

it("refuses a number of threads that is none, and options it does not know", () => {
  expect(plugin.schema.safeParse({ threads: 0 }).success).toBe(false);
  expect(plugin.schema.safeParse({ threads: 1.5 }).success).toBe(false);
  expect(plugin.schema.safeParse({ thread: 2 }).success).toBe(false);
  expect(plugin.schema.parse({})).toEqual({ device: "cpu", threads: 2 });
});
