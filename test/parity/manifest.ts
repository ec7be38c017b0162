/** Cases that a family's manifests tell: files to read, and files to refuse. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { FormatError } from "../../harness/formats/format-error.ts";
import { toFloat64 } from "../../harness/formats/numeric-array.ts";
import { openTensors } from "../../harness/formats/open-tensors.ts";
import { readTensor } from "../../harness/formats/tensor-file.ts";
import { fixtures } from "./fixtures.ts";

interface ExpectedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly sum: number | string | null;
}

export interface GoodFile {
  readonly file: string;
  readonly format: string;
  readonly tensors?: readonly ExpectedTensor[];
  readonly arrays?: readonly ExpectedTensor[];
  readonly values?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly kind?: string;
  readonly mayRefuse?: boolean;
}

interface BadFile {
  readonly file: string;
  readonly what: string;
  readonly expect: "refuse" | "loads-or-refuses" | "no-pollution" | "loads";
  /** Where `file` is a folder: what to open in it. */
  readonly entry?: string;
  /** The container is sound, and is no such thing. */
  readonly kind?: string;
}

/** A manifest's cases, each with the path of its file and a title that names the folder. */
export interface Cases {
  readonly good: readonly (GoodFile & Located)[];
  readonly bad: readonly (BadFile & Located)[];
}

interface Located {
  readonly title: string;
  readonly path: string;
}

/** Those of every JSON file in the family's folder that lists `good` and `bad` files; none where the folder is absent. */
export function casesOf(family: string): Cases {
  const folder = fixtures(family);
  const names = folder === null ? [] : readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const manifests = names
    .filter((name) => name.endsWith(".json"))
    .map((name) => manifestIn(folder!, name, family));
  return {
    good: manifests.flatMap(({ good }) => good),
    bad: manifests.flatMap(({ bad }) => bad),
  };
}

function manifestIn(folder: string, name: string, family: string): Cases {
  const within = dirname(name);
  const locate = <Case extends GoodFile | BadFile>(one: Case): Case & Located => ({
    ...one,
    title: join(family, within, one.file),
    path: join(folder, within, one.file, "entry" in one && one.entry ? one.entry : ""),
  });
  const { good = [], bad = [] } = readManifest(join(folder, name));
  return { good: good.map(locate), bad: bad.map(locate) };
}

/** Bad JSON is among the cases themselves. */
function readManifest(path: string): { good?: GoodFile[]; bad?: BadFile[] } {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

/** Reads all of a file, as its manifest tells it. */
export async function expectContent(path: string, expected: GoodFile): Promise<void> {
  const file = await openTensors(path);
  try {
    expect(file.format).toBe(expected.format);
    const tensors = expected.tensors ?? expected.arrays ?? [];
    expect([...file.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
    for (const { name, dtype, shape, sha256, sum } of tensors) {
      const found = await readTensor(file.tensors.get(name)!);
      expect([found.dtype, found.shape], name).toEqual([dtype, shape]);
      const { buffer, byteOffset, byteLength } = found.data;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      expect(createHash("sha256").update(bytes).digest("hex"), name).toBe(sha256);
      if (typeof sum !== "number") continue;
      const total = toFloat64(found).reduce((all, value) => all + value, 0);
      // The bytes agree; a sum of floats depends on its order.
      expect(Math.abs(total - sum), name).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(sum)) * found.data.length,
      );
    }
    expect(Object.fromEntries(file.values)).toEqual(expected.values ?? {});
    expect(Object.fromEntries(file.metadata)).toEqual(expected.metadata ?? {});
  } finally {
    await file.close();
  }
}

/** Reads all of a file, or of every file in a folder; false where one was refused in words that name it. */
export async function readsWhole(path: string): Promise<boolean> {
  if (statSync(path).isDirectory()) {
    const reads = readdirSync(path).map((name) => readsWhole(join(path, name)));
    return (await Promise.all(reads)).every(Boolean);
  }
  return !(await refused(async () => {
    const file = await openTensors(path);
    try {
      for (const tensor of file.tensors.values()) await readTensor(tensor);
    } finally {
      await file.close();
    }
  }));
}

/** Whether it was refused, and in words that name file, place and problem. */
export async function refused(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return false;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect([error.file, error.where, error.problem].every((part) => part.length > 0)).toBe(true);
    return true;
  }
}

/** What the hostile files try to make, and what they try to change. */
export function expectUnharmed(): void {
  expect(existsSync("/tmp/epg-bench-pwned")).toBe(false);
  expect(Object.keys(Object.prototype)).toEqual([]);
  const bare: Record<string, unknown> = {};
  expect([bare.polluted, Object.getPrototypeOf(bare)]).toEqual([undefined, Object.prototype]);
}
