import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRowTensors, writeRowTensors } from "../../../harness/formats/row-tensors.ts";
import { openSafetensors, writeSafetensorsFile } from "../../../harness/formats/safetensors.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

const numbers = (n: number, from = 0): Float32Array => Float32Array.from({ length: n }, (_, i) => from + i);

describe("row tensors", () => {
  it("are read as they were written, by any part", async () => {
    const file = join(folder, "parts.safetensors");
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (n, width, batch) => {
          await writeRowTensors(
            file,
            { n, widths: { a: width, b: 1 }, metadata: { early: "1" } },
            async (write) => {
              for (let start = 0; start < n; start += batch) {
                const rows = Math.min(batch, n - start);
                await write("b", start, numbers(rows, -start));
                await write("a", start, numbers(rows * width, start * width));
              }
              return { late: "2" };
            },
          );
          const read = await openRowTensors(file);
          expect({ ...read.metadata }).toEqual({ early: "1", late: "2" });
          const [from, to] = [Math.floor(n / 3), n];
          expect([...(await read.tables.get("a")!.read(from, to))]).toEqual([
            ...numbers((to - from) * width, from * width),
          ]);
          expect(read.tables.get("b")!.rows).toBe(n);
          await read.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  it("are a safetensors file as any other", async () => {
    const file = join(folder, "plain.safetensors");
    await writeRowTensors(file, { n: 2, widths: { x: 3 }, metadata: {} }, async (write) => {
      await write("x", 0, numbers(6));
      return {};
    });
    const read = await openSafetensors(file);
    expect(await read.read("x")).toEqual({ dtype: "float32", shape: [2, 3], data: numbers(6) });
    await read.close();
  });

  it("take float64, and pass over what is no table of floats", async () => {
    const file = join(folder, "mixed.safetensors");
    await writeSafetensorsFile(file, {
      a: { dtype: "float64", shape: [1, 2], data: Float64Array.of(0.1, 0.2) },
      b: { dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 2) },
      c: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) },
    });
    const read = await openRowTensors(file);
    expect([...read.tables.keys()]).toEqual(["a"]);
    expect([...(await read.tables.get("a")!.read(0, 1))]).toEqual([0.1, 0.2]);
    await read.close();
  });

  it("are refused by the place of a number that is none, and where there are none", async () => {
    const file = join(folder, "nan.safetensors");
    const data = Float32Array.of(0, 1, 2, 3, 4, Number.NaN);
    await writeSafetensorsFile(file, { x: { dtype: "float32", shape: [3, 2], data } });
    const read = await openRowTensors(file);
    await expect(read.tables.get("x")!.read(1, 3)).rejects.toThrow(/"x".*row 2, dimension 1 is NaN/);
    await read.close();
    await writeSafetensorsFile(file, { x: { dtype: "int32", shape: [1, 1], data: Int32Array.of(1) } });
    await expect(openRowTensors(file)).rejects.toThrow(/there is none/);
    await writeFile(file, "no tensors");
    await expect(openRowTensors(file)).rejects.toThrow(/nan\.safetensors/);
  });

  it("are read back with the names of a million images; beyond what a header holds they are not begun", async () => {
    const file = join(folder, "named.safetensors");
    const plan = (bytes: number) => ({ n: 1, widths: { x: 1 }, metadata: { names: '"'.repeat(bytes / 2) } });
    await writeRowTensors(file, plan(40_000_000), async (write) => {
      await write("x", 0, numbers(1));
      return {};
    });
    const read = await openRowTensors(file);
    expect(read.metadata.names).toHaveLength(20_000_000);
    await read.close();
    let begun = false;
    const beyond = writeRowTensors(file, plan(100_000_000), async () => {
      begun = true;
      return {};
    });
    await expect(beyond).rejects.toThrow(
      /header: .* takes 10000\d+ bytes, at most 100000000 can be read back/,
    );
    expect(begun).toBe(false);
  });

  it("appear whole or not at all", async () => {
    const file = join(folder, "broken.safetensors");
    const before = await readdir(folder);
    const writing = writeRowTensors(file, { n: 2, widths: { x: 1 }, metadata: {} }, async (write) => {
      await write("x", 0, numbers(1));
      throw new Error("the network fell over");
    });
    await expect(writing).rejects.toThrow("the network fell over");
    expect(existsSync(file)).toBe(false);
    expect(await readdir(folder)).toEqual(before);
  });
});
