/** The scores of a paper's size, 2,048 features, beside the Python tools' arithmetic on the same numbers. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Matrix, matrix } from "../harness/linear-algebra/index.ts";
import {
  covarianceOf,
  frechetDistanceOfStatistics,
  jackknifeGroups,
  kernelDistanceOfSubsets,
  meanOf,
  momentsOf,
  precisionRecall,
  referenceBalls,
  spreadOf,
  torchFidelitySubsets,
} from "../harness/metrics/index.ts";
import { numpyLegacy } from "../harness/random/numpy-legacy.ts";
import { openProduct } from "../plugins/backends/onnxruntime/product.ts";
import { features } from "./features.ts";
import { openPeer, type Peer } from "./peer.ts";
import { type BenchRow, median } from "./row.ts";

const THREADS = 2;
const DIMS = 2048;
const multiply = openProduct(THREADS);

type Numbers = Float32Array | Float64Array | Int32Array;
const DTYPES: Readonly<Record<string, string>> = {
  Float32Array: "f4",
  Float64Array: "f8",
  Int32Array: "i4",
};

interface Comparison {
  readonly rounds: number;
  /** The score, to be equal to every peer's up to `tolerance`. */
  readonly run: () => Promise<number>;
  readonly tolerance: number;
  readonly peers: readonly string[];
  /** What the peers read: numbers in rows of `columns`. */
  readonly arrays: Readonly<Record<string, { readonly columns: number; readonly data: Numbers }>>;
}

export const SCORES: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "frechet-2048": async () => {
    const [a, b] = [await statistics(1), await statistics(2)];
    return compare("frechet-2048", {
      rounds: 3,
      run: () => frechetDistanceOfStatistics(a, b, multiply),
      tolerance: 1e-6,
      peers: ["SciPy sqrtm (pytorch-fid)", "torch eigvals (torch-fidelity)"],
      arrays: {
        mean1: { columns: DIMS, data: a.mean },
        mean2: { columns: DIMS, data: b.mean },
        sigma1: { columns: DIMS, data: a.covariance.data },
        sigma2: { columns: DIMS, data: b.covariance.data },
      },
    });
  },
  "precision-recall-10k": async () => {
    const [samples, reference] = [features(10_000, 1, DIMS), features(10_000, 2, DIMS)];
    const groups = jackknifeGroups(new Uint8Array(samples.rows));
    return compare("precision-recall-10k", {
      rounds: 1,
      run: async () => {
        const balls = await referenceBalls(reference, 3, multiply);
        return (await precisionRecall(samples, balls, groups, multiply)).precision.value;
      },
      // Float32 distances move a few of the 10,000 decisions.
      tolerance: 2e-3,
      peers: ["torch cdist (torch-fidelity)"],
      arrays: { samples: inSingle(samples), reference: inSingle(reference) },
    });
  },
  "kid-100x1000": async () => {
    const [samples, reference] = [features(5000, 1, DIMS), features(5000, 2, DIMS)];
    const plan = { count: 100, size: 1000 };
    const subsets = torchFidelitySubsets(samples.rows, reference.rows, plan, numpyLegacy(2020).choice);
    const rows = (side: "samples" | "reference") => ({
      columns: plan.size,
      data: Int32Array.from(subsets.flatMap((subset) => [...subset[side]])),
    });
    return compare("kid-100x1000", {
      rounds: 1,
      run: async () => spreadOf(await kernelDistanceOfSubsets(samples, reference, subsets, multiply)).mean,
      tolerance: 1e-9,
      peers: ["NumPy float64"],
      arrays: {
        samples: { columns: DIMS, data: samples.data },
        reference: { columns: DIMS, data: reference.data },
        sampleRows: rows("samples"),
        referenceRows: rows("reference"),
      },
    });
  },
};

async function statistics(seed: number): Promise<{ mean: Float64Array; covariance: Matrix }> {
  const moments = await momentsOf(features(2 * DIMS, seed, DIMS), multiply);
  return { mean: meanOf(moments), covariance: covarianceOf(moments) };
}

const inSingle = (a: Matrix) => ({ columns: a.cols, data: Float32Array.from(a.data) });

/** Medians in seconds, ours and the peers' interleaved; a product beforehand opens the session. */
async function compare(id: string, comparison: Comparison): Promise<BenchRow> {
  const { rounds, run, peers, tolerance } = comparison;
  await multiply(matrix(1, 1), matrix(1, 1));
  const peer = await openPeer("scores.py", ["numpy", "torch"]);
  if (peer) await hand(peer, comparison.arrays);
  const own: number[] = [];
  const theirs: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const value = await run();
    own.push((performance.now() - began) / 1000);
    for (const by of peer ? peers : []) {
      const answer = await peer!.ask<{ ms: number; value: number } | { missing: string }>({ by });
      if ("missing" in answer) continue;
      if (!(Math.abs(answer.value / value - 1) < tolerance))
        throw new Error(`${by} computes something else: ${answer.value} against ${value}`);
      theirs[by] = [...(theirs[by] ?? []), answer.ms / 1000];
    }
  }
  await peer?.close();
  const medians = Object.entries(theirs).map(([by, times]) => [by, median(times)]);
  return { id, unit: "s", value: median(own), peers: Object.fromEntries(medians) };
}

async function hand(peer: Peer, arrays: Comparison["arrays"]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  const shapes: Record<string, [rows: number, columns: number, dtype: string]> = {};
  for (const [name, { columns, data }] of Object.entries(arrays)) {
    await writeFile(join(folder, `${name}.bin`), data);
    shapes[name] = [data.length / columns, columns, DTYPES[data.constructor.name]!];
  }
  await peer.ask({ init: folder, arrays: shapes, threads: THREADS });
  await rm(folder, { recursive: true });
}
