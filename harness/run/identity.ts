/** Content addresses: what two pieces of work have in common exactly when their results are the same. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Program, toOnnx } from "../program/index.ts";

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** sha256 of a plain value, whatever the order of its keys. */
export const hashOf = (value: unknown): string => sha256(JSON.stringify(sorted(value)));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** A program is what it is lowered to. */
export const programHash = (program: Program): string => sha256(toOnnx(program));

/** Weights that a plugin ships count like its code. */
const CODE = new Set([".js", ".ts", ".mjs", ".mts", ".json", ".safetensors"]);

/** sha256 of the code under the given files and folders: the host's part of what a stage computes. */
export function codeHash(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths)
    for (const file of codeFiles(path))
      hash.update(relative(path, file)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

function codeFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && CODE.has(extname(entry.name)) && !entry.name.endsWith(".d.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The harness's own code that decides what is computed, whether run from sources or built. */
export const HARNESS_CODE = ["../program", "../random", "../formats", "../run", "../measure"].map(here);
export const SCORING_CODE = [
  ...HARNESS_CODE,
  ...["../evaluate", "../metrics", "../linear-algebra"].map(here),
];
