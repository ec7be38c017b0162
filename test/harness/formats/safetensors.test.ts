import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { type NumericArray, toFloat32 } from "../../../harness/formats/numeric-array.ts";
import {
  decodeSafetensors,
  openSafetensors,
  readSafetensors,
  readSafetensorsFile,
  writeSafetensors,
  writeSafetensorsFile,
} from "../../../harness/formats/safetensors.ts";
import { expectUnharmed } from "../../parity/manifest.ts";
import { arrays, damaged, damages } from "./arbitrary.ts";

// A lone surrogate has no UTF-8.
const names = fc.string({ unit: "binary" }).map((text) => Buffer.from(text).toString());
const allowed = names.filter((name) => name !== "__metadata__" && name !== "__proto__");
const tensorSets = fc.dictionary(allowed, arrays(), { maxKeys: 6 });
const metadatas = fc.dictionary(
  names.filter((name) => name !== "__proto__"),
  names,
  { maxKeys: 3 },
);

/** A file with this header over `dataBytes` zeros. */
function file(header: unknown, dataBytes = 0): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("safetensors", () => {
  it("gives back what was written, bit for bit, and the metadata", () => {
    fc.assert(
      fc.property(tensorSets, metadatas, (tensors, metadata) => {
        const read = decodeSafetensors(writeSafetensors(tensors, metadata));
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect({ ...read.tensors }).toEqual({ ...tensors });
      }),
    );
  });

  it("begins the data at a multiple of 8 and is the same bytes every time", () => {
    fc.assert(
      fc.property(tensorSets, (tensors) => {
        const bytes = writeSafetensors(tensors);
        expect(bytes.readBigUInt64LE(0) % 8n).toBe(0n);
        expect(writeSafetensors(tensors).equals(bytes)).toBe(true);
      }),
    );
  });

  it("reads one tensor of an open file", async () => {
    const path = join(folder, "lazy.safetensors");
    await fc.assert(
      fc.asyncProperty(tensorSets, async (tensors) => {
        await writeSafetensorsFile(path, tensors, { made: "here" });
        const open = await openSafetensors(path);
        for (const name of Object.keys(tensors).reverse())
          expect(await open.read(name)).toEqual(tensors[name]);
        expect(open.metadata.made).toBe("here");
        await expect(open.read("__proto__")).rejects.toThrow(RangeError);
        await open.close();
        expect((await readFile(path)).equals(writeSafetensors(tensors, { made: "here" }))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("leaves nothing behind, and the old file as it was, where writing fails", async () => {
    const path = join(folder, "whole.safetensors");
    const x: NumericArray = { dtype: "float32", shape: [2], data: new Float32Array(2) };
    await writeSafetensorsFile(path, { x });
    const before = await readFile(path);
    const wrong = { ...x, shape: [3] };
    await expect(writeSafetensorsFile(path, { x, wrong })).rejects.toThrow(
      "wrong: 2 elements do not fill the shape [3]",
    );
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("refuses to write data of another type, and reserved names", () => {
    const x: NumericArray = { dtype: "float32", shape: [2], data: new Float64Array(2) };
    expect(() => writeSafetensors({ x })).toThrow("x: float32 is held by Float32Array, got Float64Array");
    expect(() => writeSafetensors({ __metadata__: x })).toThrow("__metadata__");
  });

  it("gives programs float32, int32 and bool, and nothing else", async () => {
    const half = { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) } as const;
    const brain = { dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc000) } as const;
    const whole = { dtype: "int32", shape: [1], data: Int32Array.of(-5) } as const;
    const flag = { dtype: "bool", shape: [1], data: Uint8Array.of(1) } as const;
    const widened = { dtype: "float32", shape: [2], data: Float32Array.of(1, -2) };
    const bytes = writeSafetensors({ flag, half, brain, whole });
    expect({ ...readSafetensors(bytes) }).toEqual({ half: widened, brain: widened, whole, flag });
    await writeFile(join(folder, "host"), bytes);
    expect(await readSafetensorsFile(join(folder, "host"))).toEqual(readSafetensors(bytes));
    const x: NumericArray = { dtype: "float64", shape: [], data: Float64Array.of(1) };
    expect(() => readSafetensors(writeSafetensors({ x }), "f")).toThrow('f: tensor "x": its type is float64');
  });
});

describe("what safetensors refuses", () => {
  const entry = (start: number, end: number, more = {}) => ({
    dtype: "F32",
    shape: [(end - start) / 4],
    data_offsets: [start, end],
    ...more,
  });

  it.each<[string, Buffer, string]>([
    [
      "a key twice",
      file(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      '"a" occurs twice',
    ],
    ["a key twice, escaped and spaced", file(`{"a":1,"\\u0061"${" ".repeat(99)}:2}`), '"a" occurs twice'],
    [
      "a field twice",
      file('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      '"dtype" occurs twice',
    ],
    ["values without end", file(`{"a":[${"1,".repeat(2 ** 22)}1]}`), "more than 4194304 values"],
    ["deep nesting", file("[".repeat(1_000_000)), "nested too deeply"],
    ["an array", file("[]"), "not a JSON object"],
    ["an overlap", file({ a: entry(0, 8), b: entry(4, 12) }, 12), "inside the last one's end"],
    ["the same bytes twice", file({ a: entry(0, 8), b: entry(0, 8) }, 8), "inside the last one's end"],
    ["a gap", file({ a: entry(0, 4), b: entry(8, 12) }, 12), "behind the last one's end"],
    ["bytes of nobody", file({ a: entry(0, 4) }, 5), "1 bytes that belong to no tensor"],
    ["data beyond the file", file({ a: entry(0, 8) }, 4), "ends at byte"],
    ["a shape that does not fit", file({ a: entry(0, 8, { shape: [3] }) }, 8), "its shape takes 12"],
    ["a negative side", file({ a: entry(0, 8, { shape: [-1, -2] }) }, 8), "shape [-1,-2] is not one"],
    ["a product that overflows", file({ a: entry(0, 0, { shape: [2 ** 32, 2 ** 32, 0] }) }, 0), "is not one"],
    [
      "offsets that are no numbers",
      file({ a: entry(0, 4, { data_offsets: ["0", "4"] }) }, 4),
      "not two whole numbers",
    ],
    ["three offsets", file({ a: entry(0, 4, { data_offsets: [0, 4, 8] }) }, 4), "not two whole numbers"],
    [
      "an unknown type",
      file({ a: entry(0, 4, { dtype: "constructor" }) }, 4),
      'dtype "constructor" is not known',
    ],
    ["metadata that is no text", file({ __metadata__: { step: 1 } }), "1 is not text"],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      "git lfs pull",
    ],
  ])("%s", (_, bytes, problem) => {
    expect(() => decodeSafetensors(bytes, "it")).toThrow(FormatError);
    expect(() => decodeSafetensors(bytes, "it")).toThrow(problem);
  });

  it("a damaged header is refused or read, and nothing else happens", () => {
    fc.assert(
      fc.property(tensorSets, damages, (tensors, changes) => {
        const bytes = writeSafetensors(tensors);
        const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
        try {
          const read = decodeSafetensors(damaged(bytes, headerEnd, changes));
          const total = Object.values(read.tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
          expect(total).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
    expectUnharmed();
  });
});

describe("16-bit floats", () => {
  it("float16 is widened exactly", () => {
    const bits = Uint16Array.from({ length: 65_536 }, (_, k) => k);
    const values = toFloat32({ dtype: "float16", shape: [65_536], data: bits });
    const known: [number, number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3c00, 1],
      [0x3555, 0.333251953125],
      [0xc000, -2],
      [0x7bff, 65_504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ];
    for (const [pattern, value] of known) expect(values[pattern]).toBe(value);
    // Finite values rise with their bits, without a gap greater than a unit in the last place.
    for (let k = 1; k < 0x7c00; k++)
      expect(values[k]! - values[k - 1]!).toBe(2 ** (Math.max(1, (k - 1) >> 10) - 25));
  });

  it("bfloat16 is the upper half of float32", () => {
    const data = Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0001, 0x8000);
    expect([...toFloat32({ dtype: "bfloat16", shape: [5], data })]).toEqual([
      1,
      -3,
      Number.POSITIVE_INFINITY,
      2 ** -133,
      -0,
    ]);
  });
});
