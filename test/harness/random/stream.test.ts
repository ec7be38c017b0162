import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStream, type Stream } from "../../../harness/random/index.ts";

const keys = fc.array(
  fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true })),
  {
    maxLength: 4,
  },
);
const seeds = fc.maxSafeInteger();

const take = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw);
const uniforms = (stream: Stream, n = 8): number[] => take(n, () => stream.uniform());
const sum = (values: ArrayLike<number>, f = (x: number) => x): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += f(values[i]!);
  return total;
};
const mean = (values: ArrayLike<number>, f?: (x: number) => number): number => sum(values, f) / values.length;

describe("streams", () => {
  it("stay as they are: these bits are in everyone's results", () => {
    const stream = createStream(7, "stage", "noise", 3);
    expect(uniforms(stream, 3)).toMatchInlineSnapshot(`
      [
        0.8851205264218152,
        0.6191039164550602,
        0.5393060727510601,
      ]
    `);
    expect(take(3, () => stream.normal())).toMatchInlineSnapshot(`
      [
        0.6173247000818993,
        -0.8376234004196342,
        -0.1599524224095423,
      ]
    `);
    expect([...stream.permutation(6)]).toMatchInlineSnapshot(`
      [
        2,
        1,
        5,
        3,
        0,
        4,
      ]
    `);
    expect(createStream(-1, "", "a long key, of several blocks", 0.5).uniform()).toMatchInlineSnapshot(
      `0.1495475796982646`,
    );
  });

  it("are named by the whole path of keys, however it is cut", () => {
    fc.assert(
      fc.property(seeds, keys, keys, (seed, first, second) => {
        const whole = uniforms(createStream(seed, ...first, ...second));
        expect(uniforms(createStream(seed, ...first).stream(...second))).toEqual(whole);
      }),
    );
  });

  it("do not depend on what was drawn from others, nor on the order of making", () => {
    fc.assert(
      fc.property(
        seeds,
        fc.uniqueArray(keys, { comparator: (a, b) => JSON.stringify(a) === JSON.stringify(b) }),
        (seed, paths) => {
          const parent = createStream(seed, "parent");
          const inOrder = paths.map((path) => uniforms(parent.stream(...path)));
          const other = createStream(seed, "parent");
          const reversed = paths.toReversed().map((path) => {
            other.normal();
            const child = other.stream(...path);
            other.permutation(3);
            return uniforms(child);
          });
          expect(reversed.reverse()).toEqual(inOrder);
        },
      ),
    );
  });

  it("differ where a key or the seed differs", () => {
    const paths = [
      [], [0], ["0"], [1], [-1], [0.5], [2 ** 32], [2 ** 53], [""], ["\0"], ["\0\0"], ["a"], ["a", ""], ["", "a"], ["ab"], ["a", "b"],
      ["abcdef"], ["abcdef", ""], ["abcdefg"], ["abcdef", "g"], ["abcdefghijkl"], ["abcdef", "ghijkl"], ["\u{10000}"], ["\ud800"],
    ]; // biome-ignore format: a table
    const streams = [0, 1, -1, 2 ** 53 - 1].flatMap((seed) =>
      paths.map((path) => createStream(seed, ...path)),
    );
    expect(new Set(streams.map((stream) => uniforms(stream).join())).size).toBe(streams.length);
  });

  it("take −0 for 0 and refuse what is no number", () => {
    expect(createStream(0, -0).uniform()).toBe(createStream(0, 0).uniform());
    expect(() => createStream(0.5)).toThrow("seed");
    expect(() => createStream(0, Number.NaN)).toThrow("finite");
    expect(() => createStream(0).stream(Number.POSITIVE_INFINITY)).toThrow("finite");
  });

  it("have children that are not correlated with each other or their parent", () => {
    const parent = createStream(11);
    const rows = [parent, ...take(20, () => 0).map((_, k) => parent.stream(k))].map((stream) => {
      const out = new Float32Array(10_000);
      stream.fillNormal(out);
      return out;
    });
    for (const [i, a] of rows.entries())
      for (const b of rows.slice(i + 1)) {
        // A correlation of 10 000 pairs has standard deviation 0.01.
        expect(Math.abs(a.reduce((total, x, k) => total + x * b[k]!, 0) / a.length)).toBeLessThan(0.05);
      }
  });
});

describe("fillNormal", () => {
  it("equals successive normal() calls rounded to float32, wherever the stream stands", () => {
    const step = fc.oneof(
      fc.constant("uniform" as const),
      fc.constant("normal" as const),
      fc.oneof(fc.nat(9), fc.nat(3000)),
    );
    fc.assert(
      fc.property(seeds, fc.array(step, { minLength: 1, maxLength: 8 }), (seed, steps) => {
        const filled = createStream(seed);
        const called = createStream(seed);
        for (const what of steps) {
          if (what === "uniform") expect(filled.uniform()).toBe(called.uniform());
          else if (what === "normal") expect(filled.normal()).toBe(called.normal());
          else {
            const out = new Float32Array(what);
            filled.fillNormal(out);
            expect(out).toEqual(Float32Array.from({ length: what }, () => called.normal()));
          }
        }
        expect(uniforms(filled)).toEqual(uniforms(called));
      }),
    );
  });

  it("is Box–Muller of the words uniform() gives", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const words = createStream(seed);
        const normals = createStream(seed);
        for (let k = 0; k < 50; k++) {
          const r = Math.sqrt(-2 * Math.log(words.uniform() + 2 ** -32));
          const angle = 2 * Math.PI * words.uniform();
          expect(normals.normal()).toBeCloseTo(r * Math.cos(angle), 13);
          expect(normals.normal()).toBeCloseTo(r * Math.sin(angle), 13);
        }
      }),
    );
  });

  it("has a standard normal's moments and tails", () => {
    const z = new Float32Array(1_000_000);
    createStream(3, "moments").fillNormal(z);
    // Standard errors of the four: 0.001, 0.0014, 0.0039, 0.0098.
    expect(Math.abs(mean(z))).toBeLessThan(0.005);
    expect(Math.abs(mean(z, (x) => x ** 2) - 1)).toBeLessThan(0.007);
    expect(Math.abs(mean(z, (x) => x ** 3))).toBeLessThan(0.02);
    expect(Math.abs(mean(z, (x) => x ** 4) - 3)).toBeLessThan(0.05);
    // P(|z| > 1), P(|z| > 3).
    expect(mean(z, (x) => Number(Math.abs(x) > 1))).toBeCloseTo(0.31731, 2);
    expect(mean(z, (x) => Number(Math.abs(x) > 3))).toBeCloseTo(0.0027, 3);
    // The two normals of a pair are independent.
    expect(Math.abs(mean(z.filter((_, i) => i % 2 === 0).map((x, i) => x * z[2 * i + 1]!)))).toBeLessThan(
      0.007,
    );
  });
});

describe("uniform, integer, permutation", () => {
  it("fillUniform cuts the words of uniform() to 24 bits", () => {
    const out = new Float32Array(1001);
    const filled = createStream(5);
    filled.uniform();
    filled.fillUniform(out);
    const called = createStream(5);
    called.uniform();
    expect([...out]).toEqual(take(1001, () => Math.floor(called.uniform() * 2 ** 24) / 2 ** 24));
    expect(filled.normal()).toBe(called.normal());
  });

  it("uniform() is uniform in [0, 1)", () => {
    const stream = createStream(1);
    const counts = new Float64Array(64);
    for (let k = 0; k < 64_000; k++) counts[Math.floor(stream.uniform() * 64)]!++;
    // χ² with 63 degrees of freedom: mean 63, deviation 11.2.
    expect(sum(counts, (n) => (n - 1000) ** 2 / 1000)).toBeLessThan(120);
    expect(sum(counts)).toBe(64_000);
  });

  it("integer(n) has every value equally often, also where n is near 2³²", () => {
    const stream = createStream(2);
    const counts = new Float64Array(7);
    for (let k = 0; k < 70_000; k++) counts[stream.integer(7)]!++;
    expect(sum(counts, (n) => (n - 10_000) ** 2 / 10_000)).toBeLessThan(25);
    // Without rejection the lower half of 0 … 3·2³⁰ − 1 would be hit in 5/8 or more of the draws.
    const n = 3 * 2 ** 30;
    const low = mean(take(20_000, () => Number(stream.integer(n) < n / 3)));
    expect(low).toBeGreaterThan(0.32);
    expect(low).toBeLessThan(0.347);
    expect(take(20, () => stream.integer(1))).toEqual(new Array(20).fill(0));
    expect(stream.integer(2 ** 32)).toBeLessThan(2 ** 32);
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
      expect(() => stream.integer(bad)).toThrow(RangeError);
  });

  it("permutation(n) holds 0 … n−1 once each", () => {
    fc.assert(
      fc.property(seeds, fc.nat(300), (seed, n) => {
        expect([...createStream(seed).permutation(n)].sort((a, b) => a - b)).toEqual(
          take(n, () => 0).map((_, i) => i),
        );
      }),
    );
  });

  it("permutation(4) has all 24 orders equally often", () => {
    const counts = new Map<string, number>();
    const stream = createStream(9);
    for (let k = 0; k < 24_000; k++) {
      const order = stream.permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // χ² with 23 degrees of freedom: mean 23, deviation 6.8.
    expect(sum([...counts.values()], (n) => (n - 1000) ** 2 / 1000)).toBeLessThan(55);
  });
});
