import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { decodeNpy, readNpy } from "../../../harness/formats/npy.ts";
import { npyHeader } from "../../../harness/formats/npy-header.ts";
import { asBytes, bytesPerElement, type NumericArray } from "../../../harness/formats/numeric-array.ts";
import { expectUnharmed } from "../../parity/manifest.ts";
import { arrays, damaged, damages, ELEMENT_TYPES } from "./arbitrary.ts";

const NUMPY_TYPES = ELEMENT_TYPES.filter((dtype) => dtype !== "bfloat16");

const encode = ({ dtype, shape, data }: NumericArray): Buffer =>
  Buffer.concat([npyHeader(dtype, shape), asBytes(data)]);

/** A version 1.0 file with this header. */
function file(header: string, dataBytes = 0, version = 1): Buffer {
  const start = Buffer.from("\x93NUMPY\0\0\0\0", "latin1");
  start.writeUInt8(version, 6);
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, Buffer.from(header, "latin1"), Buffer.alloc(dataBytes)]);
}

describe("npy", () => {
  it("gives back what was written, bit for bit", async () => {
    const folder = await mkdtemp(join(tmpdir(), "npy-"));
    await fc.assert(
      fc.asyncProperty(arrays(NUMPY_TYPES), async (array) => {
        const bytes = encode(array);
        expect(npyHeader(array.dtype, array.shape).length % 64).toBe(0);
        expect(decodeNpy(bytes)).toEqual(array);
        await writeFile(join(folder, "x.npy"), bytes);
        expect(await readNpy(join(folder, "x.npy"))).toEqual(array);
      }),
    );
    await rm(folder, { recursive: true });
  });

  it("turns big-endian data round", () => {
    fc.assert(
      fc.property(arrays(NUMPY_TYPES), (array) => {
        const bytes = encode(array);
        const size = bytesPerElement(array.dtype);
        const start = npyHeader(array.dtype, array.shape).length;
        const data = bytes.subarray(start);
        if (size === 2) data.swap16();
        if (size === 4) data.swap32();
        if (size === 8) data.swap64();
        expect(
          decodeNpy(
            Buffer.concat([
              Buffer.from(bytes.toString("latin1", 0, start).replace("'<", "'>"), "latin1"),
              data,
            ]),
          ),
        ).toEqual(array);
      }),
    );
  });

  it("reads Fortran order row by row", () => {
    const header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 2)}";
    const bytes = Buffer.concat([file(header), asBytes(Int16Array.from({ length: 12 }, (_, k) => k))]);
    // Element (i, j, k) is number i + 2j + 6k.
    expect([...decodeNpy(bytes).data]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  it("reads headers of other hands: double quotes, no spaces, Python 2's longs, other orders of keys", () => {
    const headers = [
      `{"shape":(2,1),"descr":"<u2","fortran_order":False}`,
      `  { 'fortran_order' : False , 'shape' : ( 2L , 1L , ) , 'descr' : 'u2' , } \n`,
    ];
    for (const header of headers)
      expect(decodeNpy(file(header, 4))).toEqual({
        dtype: "uint16",
        shape: [2, 1],
        data: new Uint16Array(2),
      });
  });
});

describe("what npy refuses", () => {
  const header = (more: Record<string, string>) => {
    const values = { descr: "'<f4'", fortran_order: "False", shape: "(2,)", ...more };
    return `{${Object.entries(values)
      .map(([key, value]) => `'${key}': ${value}`)
      .join(", ")}}`;
  };

  it.each<[string, Buffer, string]>([
    ["objects", file(header({ descr: "'|O'" }), 16), "Python objects"],
    ["records", file(header({ descr: "[('a', '<f4')]" }), 8), "is not read"],
    ["complex numbers", file(header({ descr: "'<c8'" }), 16), "is not read"],
    ["text", file(header({ descr: "'<U2'" }), 16), "is not read"],
    ["a parenthesised number", file(header({ shape: "(2)" }), 8), "not a dictionary"],
    ["a shape in a list", file(header({ shape: "[2]" }), 8), "is not a tuple"],
    ["a negative side", file(header({ shape: "(-2,)" }), 8), "not a dictionary"],
    [
      "a missing comma",
      file("{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", 8),
      "not a dictionary",
    ],
    ["code", file(header({ shape: "(2,).__class__" }), 8), "not a dictionary"],
    ["something behind the dictionary", file(`${header({})}; import os`, 8), "not a dictionary"],
    ["no dictionary", file("", 8), "not a dictionary"],
    ["a key twice", file(`{'shape': (2,), ${header({}).slice(1)}`, 8), "shape occurs twice"],
    ["an unknown key", file(header({ __proto: "True" }), 8), "__proto is not known"],
    ["a missing key", file("{'descr': '<f4', 'shape': (2,)}", 8), "no fortran_order"],
    ["a flag that is none", file(header({ fortran_order: "'no'" }), 8), "is not True or False"],
    ["2^64 values", file(header({ shape: "(4294967296, 4294967296)" }), 8), "too large"],
    ["2^64 values times none", file(header({ shape: "(4294967296, 4294967296, 0)" })), "too large"],
    ["65 axes", file(header({ shape: `(${"1, ".repeat(65)})` }), 4), "65 axes"],
    ["too few data", file(header({}), 7), "7 bytes of data, its shape and dtype take 8"],
    ["too many data", file(header({}), 9), "9 bytes of data"],
    ["a version to come", file(header({}), 8, 4), "version 4.0"],
    ["nothing", Buffer.alloc(0), "not an npy file"],
    ["half a preamble", Buffer.from("\x93NUMPY\x01", "latin1"), "ends before its header"],
  ])("%s", (_, bytes, problem) => {
    expect(() => decodeNpy(bytes, "it")).toThrow(FormatError);
    expect(() => decodeNpy(bytes, "it")).toThrow(problem);
  });

  it("a damaged header is refused or read, and nothing else happens", () => {
    fc.assert(
      fc.property(arrays(NUMPY_TYPES), damages, (array, changes) => {
        const bytes = encode(array);
        try {
          expect(decodeNpy(damaged(bytes, 64, changes)).data.byteLength).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
    expectUnharmed();
  });
});
