import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Matrix, matrix, TILE } from "../../../harness/linear-algebra/index.ts";
import { chanceAccuracy, knnAccuracy, type LabelledFeatures } from "../../../harness/metrics/index.ts";
import { asRows, uniformRows } from "./golden.ts";

const CLASSES = 3;

const rowOf = ({ cols, data }: Matrix, i: number): number[] => [...data.subarray(i * cols, (i + 1) * cols)];

const labelled = (rows: readonly (readonly number[])[], labels: readonly number[]) => ({
  features: matrix(rows.length, rows[0]!.length, Float64Array.from(rows.flat())),
  labels,
});

/** The definition, a query at a time: all similarities sorted, the first k vote with exp(s/τ). */
function bruteForce(
  bank: { features: Matrix; labels: ArrayLike<number> },
  queries: { features: Matrix; labels: ArrayLike<number> },
  k: number,
  temperature: number,
): number {
  const norm = (x: number[]): number => Math.hypot(...x);
  const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const guesses = Array.from({ length: queries.features.rows }, (_, q) => {
    const x = rowOf(queries.features, q);
    const ranked = Array.from({ length: bank.features.rows }, (_, b) => {
      const y = rowOf(bank.features, b);
      return { similarity: dot(x, y) / (norm(x) * norm(y)), label: bank.labels[b]! };
    }).sort((a, b) => b.similarity - a.similarity);
    const votes = new Map<number, number>();
    for (const { similarity, label } of ranked.slice(0, k))
      votes.set(label, (votes.get(label) ?? 0) + Math.exp(similarity / temperature));
    return [...votes].sort(([, a], [, b]) => b - a)[0]![0];
  });
  return guesses.filter((guess, q) => guess === queries.labels[q]).length / guesses.length;
}

const side = (rows: number, t: number, shift = 0.5) => {
  const features = uniformRows(rows, 4, t);
  return {
    features: matrix(
      rows,
      4,
      features.data.map((x) => x - shift),
    ),
    labels: Int32Array.from({ length: rows }, (_, i) => (features.data[i * 4]! * CLASSES) | 0),
  };
};

describe("the weighted kNN classifier", () => {
  it.each([
    [1, 0.07],
    [5, 0.07],
    [20, 0.07],
    [20, 1],
    [60, 0.3],
  ])("is the definition's: k = %d, τ = %d", async (neighbours, temperature) => {
    const [bank, queries] = [side(60, 1), side(40, 2)];
    const found = await knnAccuracy(bank, queries, CLASSES, { neighbours, temperature });
    expect(found.value).toBe(bruteForce(bank, queries, neighbours, temperature));
    expect(found.value).toBeGreaterThan(1 / CLASSES);
    expect(found.n).toBe(40);
    expect(found.standardError).toBeCloseTo(Math.sqrt((found.value * (1 - found.value)) / 40), 14);
  });

  it("weighs a near neighbour more than two far ones, where a hot vote does not", async () => {
    const bank = labelled(
      [
        [1, 0],
        [0.6, 0.8],
        [0.6, -0.8],
      ],
      [0, 1, 1],
    );
    const query = labelled([[1, 0]], [0]);
    // e^(1/.07) > 2·e^(.6/.07), but e < 2·e^.6
    expect((await knnAccuracy(bank, query, 2, { neighbours: 3, temperature: 0.07 })).value).toBe(1);
    expect((await knnAccuracy(bank, query, 2, { neighbours: 3, temperature: 1 })).value).toBe(0);
  });

  it("overflows at no temperature", async () => {
    const bank = labelled([[1], [1], [-1]], [1, 1, 0]);
    const query = labelled([[2]], [1]);
    expect((await knnAccuracy(bank, query, 2, { neighbours: 3, temperature: 1e-6 })).value).toBe(1);
  });

  it("settles ties: the bank's first row, the first class", async () => {
    const rows = [[1], [1], [1]];
    const guess = async (labels: number[], neighbours: number, label: number) =>
      (
        await knnAccuracy(labelled(rows, labels), labelled([[1]], [label]), 3, {
          neighbours,
          temperature: 0.07,
        })
      ).value;
    expect(await guess([2, 0, 1], 1, 2)).toBe(1);
    expect(await guess([2, 1, 0], 3, 0)).toBe(1);
    expect(await guess([2, 1, 0], 2, 1)).toBe(1);
  });

  it("takes all of a bank smaller than k, and a row of zeros as similar to none", async () => {
    const bank = labelled(
      [
        [0, 0],
        [1, 1],
      ],
      [0, 1],
    );
    expect((await knnAccuracy(bank, labelled([[3, 3]], [1]), 2)).value).toBe(1);
    // Both at similarity 0: equal votes.
    expect((await knnAccuracy(bank, labelled([[0, 0]], [0]), 2)).value).toBe(1);
  });

  it("finds neighbours across tiles, in rows that are read when they are needed", async () => {
    const n = TILE + 300;
    const [bank, queries] = [side(n, 3), side(50, 4)];
    const stored: LabelledFeatures = { features: asRows(bank.features), labels: bank.labels };
    const found = await knnAccuracy(stored, queries, CLASSES);
    expect(found.value).toBe(bruteForce(bank, queries, 20, 0.07));
  });
});

describe("properties", () => {
  const anySide = (rows: number) =>
    fc.record({
      t: fc.integer({ min: 0, max: 10_000 }),
      labels: fc.array(fc.integer({ min: 0, max: CLASSES - 1 }), { minLength: rows, maxLength: rows }),
    });
  const made = ({ t, labels }: { t: number; labels: number[] }, rows: number) => ({
    features: side(rows, t).features,
    labels,
  });

  it("lengths do not matter, nor the order of the bank", async () => {
    await fc.assert(
      fc.asyncProperty(
        anySide(30),
        anySide(10),
        fc.integer({ min: 1, max: 30 }),
        async (a, b, neighbours) => {
          const [bank, queries] = [made(a, 30), made(b, 10)];
          const settings = { neighbours, temperature: 0.07 };
          const { value } = await knnAccuracy(bank, queries, CLASSES, settings);
          const order = Array.from({ length: 30 }, (_, i) => (i * 7) % 30);
          const turned = labelled(
            // Powers of two scale without rounding.
            order.map((i) => rowOf(bank.features, i).map((x) => x * 2 ** (i - 9))),
            order.map((i) => bank.labels[i]!),
          );
          expect((await knnAccuracy(turned, queries, CLASSES, settings)).value).toBe(value);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("each of the bank's own rows is its own nearest, and one class alone is always guessed", async () => {
    await fc.assert(
      fc.asyncProperty(anySide(30), async (a) => {
        const bank = made(a, 30);
        const nearest = await knnAccuracy(bank, bank, CLASSES, { neighbours: 1, temperature: 0.07 });
        expect(nearest.value).toBe(1);
        const alone = { features: bank.features, labels: bank.labels.map(() => 2) };
        expect((await knnAccuracy(alone, bank, CLASSES)).value).toBe(
          bank.labels.filter((label) => label === 2).length / 30,
        );
      }),
      { numRuns: 50 },
    );
  });
});

it("chance is the share of the most frequent class", () => {
  expect(chanceAccuracy([0, 1, 1, 2], 4)).toBe(0.5);
});

describe("refuses", () => {
  const one = labelled([[1, 2]], [0]);
  it.each<[string, LabelledFeatures, LabelledFeatures, RegExp]>([
    ["an empty bank", { features: matrix(0, 2), labels: [] }, one, /the bank.*at least 1 row/],
    ["other dimensions", one, labelled([[1]], [0]), /queries of 1 dimensions, a bank of 2/],
    ["labels that are missing", { ...one, labels: [] }, one, /0 labels for 1 rows/],
    [
      "a label that is no class",
      one,
      { ...one, labels: [2] },
      /the queries: row 0 has label 2, expected 0…1/,
    ],
    ["numbers that are not finite", labelled([[1, Number.NaN]], [0]), one, /not finite/],
  ])("%s", async (_, bank, queries, message) => {
    await expect(knnAccuracy(bank, queries, 2)).rejects.toThrow(message);
  });
});
