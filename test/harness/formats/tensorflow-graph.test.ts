import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { asBytes } from "../../../harness/formats/numeric-array.ts";
import { decodeGraphConstants } from "../../../harness/formats/tensorflow-graph.ts";
import { graphOf } from "./graph-writer.ts";

const floats = (...values: number[]): Uint8Array => asBytes(Float32Array.from(values));

describe("decodeGraphConstants", () => {
  it("reads raw content, listed values, and the last value repeated", () => {
    const graph = decodeGraphConstants(
      graphOf([
        { name: "raw", shape: [2, 2], content: floats(1, 2, 3, 4) },
        { name: "listed", shape: [3], values: [5, 6, 7] },
        { name: "splat", shape: [2, 3], values: [8] },
        { name: "scalar", shape: [], values: [9] },
        { name: "blank", shape: [2] },
        { name: "whole", shape: [2], type: 3, content: asBytes(Int32Array.of(-1, 2)) },
      ]),
    );
    expect(Object.fromEntries(Object.entries(graph).map(([name, c]) => [name, [...c.read().data]]))).toEqual({
      raw: [1, 2, 3, 4],
      listed: [5, 6, 7],
      splat: [8, 8, 8, 8, 8, 8],
      scalar: [9],
      blank: [0, 0],
      whole: [-1, 2],
    });
    expect(graph.raw).toMatchObject({ dtype: "float32", shape: [2, 2] });
    expect(graph.whole!.dtype).toBe("int32");
  });

  it("leaves strings aside", () => {
    expect(decodeGraphConstants(graphOf([{ name: "text", shape: [], type: 7 }]))).toEqual({});
  });

  it.each([
    ["too little content", { shape: [3], content: floats(1, 2) }, /node x: it has 8 bytes.*takes 12/],
    ["too many values", { shape: [2], values: [1, 2, 3] }, /node x: it lists 3 values, more than the 2/],
  ])("refuses %s when it is read", (_, constant, problem) => {
    const graph = decodeGraphConstants(graphOf([{ name: "x", ...constant }]), "file");
    expect(() => graph.x!.read()).toThrow(problem);
    expect(() => graph.x!.read()).toThrow(FormatError);
  });

  it.each([
    ["a shape beyond memory", graphOf([{ name: "x", shape: [2 ** 20, 2 ** 20], values: [1] }]), /its shape/],
    ["a negative side", graphOf([{ name: "x", shape: [-1], values: [1] }]), /its shape \[-1\]/],
    ["two nodes of a name", graphOf([0, 1].map(() => ({ name: "x", shape: [] }))), /node x: is there twice/],
    ["a group", Uint8Array.of(0x0b, 0x0c), /a group/],
    ["a cut file", graphOf([{ name: "x", shape: [2], content: floats(1, 2) }]).subarray(0, 30), /protocol/],
  ])("refuses %s", (_, bytes, problem) => {
    expect(() => decodeGraphConstants(bytes, "file")).toThrow(problem);
    expect(() => decodeGraphConstants(bytes, "file")).toThrow(FormatError);
  });

  it("takes a splat that claims much as long as it is not read", () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ name: `x${i}`, shape: [2 ** 27], values: [1] }));
    expect(Object.keys(decodeGraphConstants(graphOf(many)))).toHaveLength(200);
  });

  it("gives constants or a FormatError for any bytes", () => {
    const sound = graphOf([
      { name: "a", shape: [2, 2], content: floats(1, 2, 3, 4) },
      { name: "b", shape: [5], values: [1, 2] },
    ]);
    const damaged = fc
      .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map((changes) => {
        const bytes = sound.slice();
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          const graph = decodeGraphConstants(bytes, "file");
          for (const { shape, read } of Object.values(graph))
            if (shape.reduce((product, side) => product * side, 1) < 1000) read();
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
