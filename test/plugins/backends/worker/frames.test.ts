import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Frame, frameReader, writeFrame } from "../../../../plugins/backends/worker/frames.ts";

const FRAMES: readonly Frame[] = [
  {
    header: { do: "run", program: 3, text: "σ ↔ \u0000" },
    tensors: {
      "a b": {
        dtype: "float32",
        shape: [2, 3],
        data: Float32Array.of(1, -0, Number.NaN, Infinity, 1e-45, 6),
      },
      "": { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
      scalar: { dtype: "int32", shape: [], data: Int32Array.of(-7) },
      wide: { dtype: "float64", shape: [1, 1], data: Float64Array.of(Math.PI) },
    },
  },
  { header: {}, tensors: {} },
];

async function bytesOf(frames: readonly Frame[]): Promise<Buffer> {
  const to = new PassThrough({ highWaterMark: 2 ** 20 });
  for (const frame of frames) await writeFrame(to, frame);
  return to.read() as Buffer;
}

it("reads what was written, however the bytes are cut", async () => {
  const bytes = await bytesOf(FRAMES);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), async (cuts) => {
      const from = new PassThrough();
      const read = frameReader(from);
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      edges.slice(1).forEach((end, i) => {
        from.write(bytes.subarray(edges[i], end));
      });
      from.end();
      expect([await read(), await read(), await read()]).toEqual([...FRAMES, null]);
    }),
    { numRuns: 50 },
  );
});

it("writes a part of an array as that part", async () => {
  const from = new PassThrough();
  const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  await writeFrame(from, { header: {}, tensors: { x: { dtype: "float32", shape: [2], data } } });
  expect((await frameReader(from)())!.tensors.x!.data).toEqual(Float32Array.of(2, 3));
});

it("says where a stream breaks off", async () => {
  const bytes = await bytesOf(FRAMES.slice(0, 1));
  for (const length of [3, 7, 20, bytes.length - 1]) {
    const from = new PassThrough();
    from.end(bytes.subarray(0, length));
    await expect(frameReader(from)(), `${length} bytes`).rejects.toThrow("broke off");
  }
});
