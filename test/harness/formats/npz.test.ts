import { spawnSync } from "node:child_process";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { npyHeader } from "../../../harness/formats/npy-header.ts";
import { openAdmSamples, writeAdmSamples } from "../../../harness/formats/npz.ts";
import { openNpz } from "../../../harness/formats/npz-reader.ts";
import { writeNpz } from "../../../harness/formats/npz-writer.ts";
import { asBytes, type NumericArray, type NumericData } from "../../../harness/formats/numeric-array.ts";
import {
  centralHeader,
  endOfDirectory,
  localHeader,
  type StoredMember,
} from "../../../harness/formats/zip-records.ts";
import { readAdmSamples } from "../../fixtures/adm-samples.ts";
import { expectUnharmed } from "../../parity/manifest.ts";
import { arrays, damaged, damages, ELEMENT_TYPES } from "./arbitrary.ts";
import { zipFile } from "./zip-writer.ts";

const NUMPY_TYPES = ELEMENT_TYPES.filter((dtype) => dtype !== "bfloat16");
const memberNames = fc.string({ minLength: 1 }).filter((name) => !/[\\/:]|^\.+$|^__proto__$/.test(name));
const archives = fc.dictionary(memberNames, arrays(NUMPY_TYPES), { maxKeys: 5 });

const python = (code: string, ...args: string[]) =>
  spawnSync("python3", ["-c", code, ...args], { encoding: "utf8" });
const hasNumpy = python("import numpy").status === 0;

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "npz-"));
  file = join(folder, "x.npz");
});
afterAll(() => rm(folder, { recursive: true }));

/** Everything an archive holds, read whole. */
async function readAll(path: string): Promise<Record<string, NumericArray>> {
  const npz = await openNpz(path);
  try {
    const found: Record<string, NumericArray> = {};
    for (const name of npz.entries.keys()) found[name] = await npz.read(name);
    return found;
  } finally {
    await npz.close();
  }
}

/** Vitest's own comparison takes seconds for a million elements. */
const sameBytes = (a: NumericData, b: NumericData): boolean => Buffer.from(asBytes(a)).equals(asBytes(b));

async function collect(parts: AsyncIterable<NumericData>): Promise<number[]> {
  const values: number[] = [];
  for await (const part of parts) for (const value of part) values.push(Number(value));
  return values;
}

type Method = "stored" | "deflated";

/** An npz in memory; deflated, as numpy.savez_compressed writes. */
const zipOf = (arrays: Readonly<Record<string, NumericArray>>, method: Method): Buffer =>
  zipFile(
    Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyOf(array)] as const),
    method,
  );

const npyOf = ({ dtype, shape, data }: NumericArray): Buffer =>
  Buffer.concat([npyHeader(dtype, shape), asBytes(data)]);

describe("npz", () => {
  it("gives back what was written, bit for bit", async () => {
    await fc.assert(
      fc.asyncProperty(archives, async (written) => {
        await writeNpz(file, written);
        expect(await readAll(file)).toEqual({ ...written });
      }),
      { numRuns: 60 },
    );
  });

  it("gives back what was deflated", async () => {
    await fc.assert(
      fc.asyncProperty(archives, async (written) => {
        await writeFile(file, zipOf(written, "deflated"));
        expect(await readAll(file)).toEqual({ ...written });
      }),
      { numRuns: 60 },
    );
  });

  const shape = [70_001, 13];
  const data = Int32Array.from({ length: 70_001 * 13 }, (_, k) => (k * 2654435761) | 0);

  it("writes data that come in pieces, and reads them in whole rows", async () => {
    async function* pieces() {
      for (let at = 0; at < data.length; at += 99_991) yield data.subarray(at, at + 99_991);
    }
    await writeNpz(file, {
      before: { dtype: "bool", shape: [0, 3], data: new Uint8Array(0) },
      x: { dtype: "int32", shape, data: pieces() },
    });
    const npz = await openNpz(file);
    let at = 0;
    let blocks = 0;
    for await (const block of npz.rows("x")) {
      expect(block.length % 13).toBe(0);
      expect(sameBytes(block, data.subarray(at, at + block.length))).toBe(true);
      at += block.length;
      blocks++;
    }
    expect(at).toBe(data.length);
    expect(blocks).toBe(4);
    expect(await collect(npz.rows("before"))).toEqual([]);
    for (const [start, end] of [
      [0, 1],
      [70_000, 70_001],
      [500, 500],
      [1234, 5678],
    ] as const)
      expect(sameBytes(await npz.readRows("x", start, end), data.subarray(start * 13, end * 13))).toBe(true);
    await expect(npz.readRows("x", 5, 70_002)).rejects.toThrow(RangeError);
    await expect(npz.read("y")).rejects.toThrow("there is no such array");
    await npz.close();
  });

  it("reads deflated rows in one pass only", async () => {
    await writeFile(file, zipOf({ x: { dtype: "int32", shape, data } }, "deflated"));
    const npz = await openNpz(file);
    expect(sameBytes(Int32Array.from(await collect(npz.rows("x"))), data)).toBe(true);
    await expect(npz.readRows("x", 0, 1)).rejects.toThrow("in one pass only");
    await npz.close();
  });

  it("leaves nothing behind where data do not fill their shape", async () => {
    await rm(file, { force: true });
    async function* pieces(n: number) {
      yield new Float32Array(n);
    }
    const source = { dtype: "float32", shape: [4] } as const;
    await expect(writeNpz(file, { x: { ...source, data: pieces(3) } })).rejects.toThrow("x.npy: fewer data");
    await expect(writeNpz(file, { x: { ...source, data: pieces(5) } })).rejects.toThrow("x.npy: more data");
    await expect(writeNpz(file, { x: { ...source, data: new Float64Array(4) } })).rejects.toThrow(
      "Float64Array",
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("is the same bytes every time", async () => {
    const written = { a: { dtype: "uint8", shape: [3], data: Uint8Array.of(1, 2, 3) } } as const;
    await writeNpz(file, written);
    const first = await readFile(file);
    await writeNpz(file, written);
    expect(await readFile(file)).toEqual(first);
  });

  it.skipIf(!hasNumpy)("is read by numpy (skipped without it)", async () => {
    await fc.assert(
      fc.asyncProperty(archives, async (written) => {
        await writeNpz(file, written);
        const { stdout, stderr } = python(
          "import json, sys, numpy\nz = numpy.load(sys.argv[1])\nprint(json.dumps({n: [z[n].dtype.name, z[n].shape, z[n].tobytes().hex()] for n in z.files}))",
          file,
        );
        expect(stderr).toBe("");
        const expected = Object.entries(written).map(([name, { dtype, shape, data }]) => [
          name,
          [dtype, shape, Buffer.from(asBytes(data)).toString("hex")],
        ]);
        expect(JSON.parse(stdout)).toEqual(Object.fromEntries(expected));
      }),
      { numRuns: 4 },
    );
  });
});

describe("npz beyond 4 GiB", () => {
  const MIB = 2 ** 20;
  const ROWS = 5 * 1024;

  /** 5 GiB of zeros, of which the file system keeps nothing, then a small array. */
  async function writeHuge(path: string): Promise<void> {
    const huge = npyHeader("uint8", [ROWS, MIB]);
    const small = npyOf({ dtype: "int32", shape: [2], data: Int32Array.of(7, -7) });
    const first: StoredMember = { name: "huge.npy", bytes: huge.length + ROWS * MIB, crc32: 0, offset: 0 };
    const second: StoredMember = {
      name: "small.npy",
      bytes: small.length,
      crc32: crc32(small),
      offset: localHeader(first).length + first.bytes,
    };
    const directory = Buffer.concat([centralHeader(first), centralHeader(second)]);
    const end = second.offset + localHeader(second).length + small.length;
    const out = await open(path, "w");
    await out.write(Buffer.concat([localHeader(first), huge]), 0, null, 0);
    const tail = Buffer.concat([
      localHeader(second),
      small,
      directory,
      endOfDirectory(2, directory.length, end),
    ]);
    await out.write(tail, 0, null, second.offset);
    await out.close();
  }

  it("has ZIP64 records, which are read", async () => {
    await writeHuge(file);
    const npz = await openNpz(file);
    expect(npz.entries.get("huge")).toMatchObject({
      shape: [ROWS, MIB],
      dataBytes: ROWS * MIB,
      stored: true,
    });
    expect([...(await npz.read("small")).data]).toEqual([7, -7]);
    for await (const block of npz.rows("huge")) {
      expect(block.length).toBe(MIB);
      break;
    }
    await npz.close();
    await rm(file);
  });

  it.skipIf(!hasNumpy)("is read by numpy (skipped without it)", async () => {
    await writeHuge(file);
    const { stdout, stderr } = python(
      "import sys, numpy, zipfile\nz = numpy.load(sys.argv[1])\nprint(z['small'].tolist(), [i.file_size for i in zipfile.ZipFile(sys.argv[1]).infolist()], zipfile.ZipFile(sys.argv[1]).open('huge.npy').read(6))",
      file,
    );
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe(`[7, -7] [${ROWS * MIB + 128}, 136] b'\\x93NUMPY'`);
    await rm(file);
  });

  it("ends with a ZIP64 record where there are 65 535 members or more", () => {
    const end = endOfDirectory(70_000, 123, 456);
    expect(end.length).toBe(56 + 20 + 22);
    expect(end.readBigUInt64LE(32)).toBe(70_000n);
    expect(end.readUInt16LE(end.length - 12)).toBe(0xffff);
    expect(endOfDirectory(65_534, 123, 456).length).toBe(22);
  });
});

describe("what npz refuses", () => {
  const array: NumericArray = { dtype: "uint8", shape: [3], data: Uint8Array.of(1, 2, 3) };

  it("members that share bytes", async () => {
    const npy = npyOf(array);
    const member = { bytes: npy.length, crc32: crc32(npy), offset: 0 };
    const directory = Buffer.concat([
      centralHeader({ ...member, name: "a.npy" }),
      centralHeader({ ...member, name: "b.npy" }),
    ]);
    const local = localHeader({ ...member, name: "a.npy" });
    await writeFile(
      file,
      Buffer.concat([local, npy, directory, endOfDirectory(2, directory.length, local.length + npy.length)]),
    );
    await expect(openNpz(file)).rejects.toThrow("shares bytes");
  });

  it("a size that deflate cannot give, before memory is taken for it", async () => {
    const zip = zipOf({ x: array }, "deflated");
    const declared = zip.length - 22 - 46 - "x.npy".length + 24;
    zip.writeUInt32LE(0xfffffffe, declared);
    await writeFile(file, zip);
    await expect(openNpz(file)).rejects.toThrow("cannot inflate");
  });

  it("content that is not what was written, at the end of a pass", async () => {
    // Longer than what is read for the header.
    const bytes = zipOf({ x: { ...array, shape: [100_000], data: new Uint8Array(100_000) } }, "stored");
    bytes[100_000] = 4;
    await writeFile(file, bytes);
    await expect(readAll(file)).rejects.toThrow("CRC-32");
    const npz = await openNpz(file);
    await expect(collect(npz.rows("x"))).rejects.toThrow("CRC-32");
    await npz.close();
  });

  it("what is no file at all stays the system's error", async () => {
    await expect(openNpz(join(folder, "none.npz"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(openNpz(folder)).rejects.toMatchObject({ code: "EISDIR" });
  });

  it.each<Method>(["stored", "deflated"])(
    "a damaged archive (%s) is refused or read, and nothing else happens",
    async (method) => {
      await fc.assert(
        fc.asyncProperty(archives, damages, async (written, changes) => {
          const bytes = zipOf(written, method);
          await writeFile(file, damaged(bytes, bytes.length, changes));
          try {
            await readAll(file);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }),
        { numRuns: 300 },
      );
      expectUnharmed();
    },
  );

  it("an archive cut anywhere is refused", async () => {
    const bytes = zipOf({ x: array, y: array }, "deflated");
    for (let length = 0; length < bytes.length; length += 3) {
      await writeFile(file, bytes.subarray(0, length));
      await expect(readAll(file), `${length} bytes`).rejects.toThrow(FormatError);
    }
  });
});

describe("ADM samples", () => {
  const images = Uint8Array.from({ length: 5 * 4 * 4 * 3 }, (_, k) => k);

  it("are read as they were written, whole, in batches and one by one", async () => {
    const labels = Int32Array.of(3, 0, 999, 1, 2);
    await writeAdmSamples(file, images, [5, 4, 4, 3], labels);
    expect(await readAdmSamples(file)).toEqual({ shape: [5, 4, 4, 3], images, labels });
    const samples = await openAdmSamples(file);
    expect(samples).toMatchObject({ shape: [5, 4, 4, 3], labels, stored: true });
    expect(await collect(samples.batches())).toEqual([...images]);
    const sizes: number[] = [];
    for await (const batch of samples.batches(2)) sizes.push(batch.length / 48);
    expect(sizes).toEqual([2, 2, 1]);
    expect(await samples.images(1, 3)).toEqual(images.subarray(48, 144));
    await samples.close();
  });

  it("have no arr_1 without labels", async () => {
    for (const labels of [undefined, new Int32Array(5).fill(-1)]) {
      await writeAdmSamples(file, images, [5, 4, 4, 3], labels);
      expect(Object.keys(await readAll(file))).toEqual(["arr_0"]);
      expect((await readAdmSamples(file)).labels).toBeNull();
    }
    expect(() => writeAdmSamples(file, images, [5, 4, 4, 3], Int32Array.of(0, 1, -1, 2, 3))).toThrow(
      "the label -1 among others",
    );
    expect(() => writeAdmSamples(file, images, [5, 4, 4, 3], Int32Array.of(0))).toThrow(
      "1 labels for 5 images",
    );
  });

  it("have labels from 0 on", async () => {
    const arr_0 = { dtype: "uint8", shape: [1, 1, 1, 3], data: new Uint8Array(3) } as const;
    await writeNpz(file, { arr_0, arr_1: { dtype: "int64", shape: [1], data: BigInt64Array.of(-1n) } });
    await expect(readAdmSamples(file)).rejects.toThrow("label 0 is -1");
    await writeNpz(file, { arr_0, arr_1: { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 1n) } });
    await expect(openAdmSamples(file)).rejects.toThrow("labels are 1 integers, this is int64 [2]");
    await writeNpz(file, { mu: { dtype: "float64", shape: [1], data: Float64Array.of(1) } });
    await expect(readAdmSamples(file)).rejects.toThrow("arr_0: there is none; the file has mu");
  });
});
