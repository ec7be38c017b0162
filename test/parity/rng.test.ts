/** NumPy's RandomState, draw for draw. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type NumpyLegacy, numpyLegacy } from "../../harness/random/numpy-legacy.ts";
import { fixtures } from "./fixtures.ts";

interface Drawn {
  readonly first5: number[];
  readonly last5?: number[];
  readonly sum?: number;
  readonly sha256_int32le?: string;
}

type Case = readonly [name: string, draw: (random: NumpyLegacy) => void];

const folder = fixtures("inception");

describe.skipIf(folder === null)(
  `RandomState of ${folder ?? "inception fixtures, which are not here"}`,
  () => {
    const { seeds } = folder
      ? (JSON.parse(readFileSync(join(folder, "rng.json"), "utf8")) as { seeds: Record<string, unknown> })
      : { seeds: {} };
    const cases = Object.entries(seeds).flatMap(([seed, draws]) =>
      Object.entries(draws as Record<string, unknown>)
        .flatMap(([kind, answer]) => casesOf(kind, answer))
        .map(([name, draw]) => ({ name: `seed ${seed}: ${name}`, seed: Number(seed), draw })),
    );

    it("has cases", () => {
      expect(cases.length).toBeGreaterThan(0);
    });

    it.each(cases)("$name", ({ seed, draw }) => {
      draw(numpyLegacy(seed));
    });
  },
);

/** Every draw kept under `kind`; the numbers to draw stand in the names. */
function casesOf(kind: string, answer: unknown): Case[] {
  if (kind.startsWith("raw_u32"))
    return [[kind, (random) => expect((answer as number[]).map(() => random.word())).toEqual(answer)]];
  if (kind.startsWith("shuffle_arange"))
    return [
      [
        kind,
        (random) => {
          const values = Int32Array.from(answer as number[], (_, i) => i);
          random.shuffle(values);
          expect([...values]).toEqual(answer);
        },
      ],
    ];
  if (kind.startsWith("two_draws_in_turn")) {
    const draws = [...kind.matchAll(/choice\((\d+),\s*(\d+)\)/g)].map(([, n, size]) => [
      Number(n),
      Number(size),
    ]);
    return [
      [
        kind,
        (random) => {
          for (const [i, first] of (answer as number[][]).entries()) {
            const [n, size] = draws[i % draws.length]!;
            expect([...random.choice(n!, size!).subarray(0, first.length)]).toEqual(first);
          }
        },
      ],
    ];
  }
  return Object.entries(answer as Record<string, number[] | Drawn>).map(([sizes, drawn]) => [
    `${kind} ${sizes}`,
    (random) => {
      const [n, size] = sizes.split(",").map(Number);
      compare(size === undefined ? random.permutation(n!) : random.choice(n!, size), drawn);
    },
  ]);
}

function compare(found: Int32Array, drawn: number[] | Drawn): void {
  if (Array.isArray(drawn)) {
    expect([...found]).toEqual(drawn);
    return;
  }
  expect([...found.subarray(0, drawn.first5.length)]).toEqual(drawn.first5);
  if (drawn.last5) expect([...found.subarray(-drawn.last5.length)]).toEqual(drawn.last5);
  if (drawn.sum !== undefined) expect(found.reduce((sum, x) => sum + x, 0)).toBe(drawn.sum);
  if (drawn.sha256_int32le)
    expect(createHash("sha256").update(new Uint8Array(found.buffer)).digest("hex")).toBe(
      drawn.sha256_int32le,
    );
}
