/** Files made by other programs, found by their manifests, and what their arrays are to be. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { asBytes, type NumericArray, toFloat64 } from "../../../harness/formats/numeric-array.ts";

const root = process.env.EPG_BENCH_FIXTURES ?? resolve(import.meta.dirname, "../../../../shared/fixtures");

export interface ExpectedArray {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly sum: number | string | null;
}

interface GoodFile {
  readonly file: string;
  readonly format: string;
  readonly kind?: string;
  readonly arrays?: readonly ExpectedArray[];
  readonly tensors?: readonly ExpectedArray[];
  readonly metadata?: Readonly<Record<string, string>>;
}

interface BadFile {
  readonly file: string;
  readonly what: string;
  readonly expect: "refuse" | "loads-or-refuses" | "no-pollution" | "loads";
  readonly kind?: string;
}

export interface Family {
  readonly good: readonly GoodFile[];
  readonly bad: readonly BadFile[];
  readonly path: (file: string) => string;
}

/** Null where the fixtures are not on this machine. */
export function family(name: string): Family | null {
  const manifest = join(root, name, "manifest.json");
  if (!existsSync(manifest)) return null;
  const { good, bad } = JSON.parse(readFileSync(manifest, "utf8")) as Family;
  return { good, bad, path: (file) => join(root, name, file) };
}

export function expectArray(found: NumericArray, expected: ExpectedArray): void {
  expect(found.dtype, expected.name).toBe(expected.dtype);
  expect(found.shape, expected.name).toEqual(expected.shape);
  expect(createHash("sha256").update(asBytes(found.data)).digest("hex"), expected.name).toBe(expected.sha256);
  if (typeof expected.sum !== "number") return;
  const sum = toFloat64(found).reduce((total, value) => total + value, 0);
  // The bytes agree; a sum of floats depends on its order.
  expect(sum, expected.name).toBeCloseTo(expected.sum, 6);
}

/** What the hostile files try to make, and what they try to change. */
export function expectUnharmed(): void {
  expect(existsSync("/tmp/epg-bench-pwned")).toBe(false);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
}
