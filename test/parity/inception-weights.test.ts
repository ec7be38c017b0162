/** The names, shapes and deterministic numbers of the state dict, and a frozen graph of TensorFlow's. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { asBytes } from "../../harness/formats/numeric-array.ts";
import { decodeGraphConstants } from "../../harness/formats/tensorflow-graph.ts";
import { expectedStateDict } from "../../plugins/features/inception/state-dict.ts";
import { expectedGraph } from "../../plugins/features/inception/tensorflow-names.ts";
import { deterministicWeights } from "../plugins/features/inception/deterministic-weights.ts";
import { fixtures } from "./fixtures.ts";

const folder = fixtures("inception");
const manifest = folder && existsSync(join(folder, "weights.json")) ? join(folder, "weights.json") : null;

interface Sums {
  readonly sum_f64: number;
  readonly sum_of_squares_f64: number;
  readonly first4: readonly number[];
  readonly last: number;
}

interface Manifest {
  readonly keys: readonly (readonly [name: string, shape: readonly number[], dtype: string])[];
  readonly tensors: Readonly<Record<string, Sums>>;
  readonly tensors_bn_varied: Readonly<Record<string, Sums>>;
  readonly sha256_of_all_float32_tensors_in_key_order_little_endian: Readonly<Record<string, string>>;
}

describe.skipIf(!manifest)("the state dict (skipped without fixtures of inception)", () => {
  const expected = manifest ? (JSON.parse(readFileSync(manifest, "utf8")) as Manifest) : null;

  it(`${manifest}: names and shapes in order`, () => {
    const floats = expected!.keys.filter(([, , dtype]) => dtype === "float32");
    expect(expectedStateDict().map(({ name, shape }) => [name, shape])).toEqual(
      floats.map(([name, shape]) => [name, shape]),
    );
  });

  it.each([
    ["plain", "tensors"],
    ["bn_varied", "tensors_bn_varied"],
  ] as const)(`${manifest}: the %s set`, (set, sums) => {
    const dict = deterministicWeights(set === "bn_varied");
    const hash = createHash("sha256");
    for (const data of dict.values()) hash.update(asBytes(data));
    expect(hash.digest("hex")).toBe(expected!.sha256_of_all_float32_tensors_in_key_order_little_endian[set]);
    for (const [name, { sum_f64, first4, last }] of Object.entries(expected![sums])) {
      const data = dict.get(name)!;
      expect([...data.subarray(0, 4)], name).toEqual(first4);
      expect(data.at(-1), name).toBe(last);
      expect(
        data.reduce((total, value) => total + value, 0),
        name,
      ).toBeCloseTo(sum_f64, 6);
    }
  });
});

const graphs = folder ? readdirSync(folder).filter((name) => name.endsWith(".pb")) : [];

describe.skipIf(graphs.length === 0)("frozen graphs (skipped without fixtures of inception)", () => {
  it.each(graphs)(`${folder}: %s`, (name) => {
    const graph = decodeGraphConstants(readFileSync(join(folder!, name)), name);
    const constants = JSON.parse(readFileSync(join(folder!, `${basename(name, ".pb")}.json`), "utf8"));
    const found = Object.entries(graph).map(([key, { dtype, shape, read }]) => {
      const sha256 = createHash("sha256").update(asBytes(read().data)).digest("hex");
      return [key, { shape, dtype, sha256 }];
    });
    expect(Object.fromEntries(found)).toEqual(constants);
  });

  it.each(graphs)(
    `${folder}: %s has the network's names and layout, and its deterministic numbers`,
    (name) => {
      const graph = decodeGraphConstants(readFileSync(join(folder!, name)), name);
      const dict = deterministicWeights();
      const held = expectedGraph().filter(({ stored }) => stored in graph);
      expect(held.length).toBeGreaterThan(20);
      for (const { name: published, stored, shape, arrange } of held) {
        expect(graph[stored]!.shape, stored).toEqual(shape);
        const data = arrange(graph[stored]!.read().data as Float32Array);
        expect(Buffer.compare(asBytes(data), asBytes(dict.get(published)!)), stored).toBe(0);
      }
    },
  );
});
