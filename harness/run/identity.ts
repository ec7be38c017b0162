/** Content addresses: what two pieces of work have in common exactly when their results are the same. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ResolvedConfig } from "../config/index.ts";
import { pluginSource } from "../config/plugins.ts";
import { packageRoot } from "../package-root.ts";
import type { Dataset, Descriptor } from "../plugin.ts";
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
const CODE = new Set([".js", ".ts", ".mjs", ".mts", ".py", ".json", ".safetensors"]);

/** sha256 of the code under the given files and folders: the host's part of what a stage computes. */
function codeHash(paths: readonly string[]): string {
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
/** A module's file, from sources or built as this one is. */
const beside = (path: string): string => here(path + extname(import.meta.url));

/** The harness's own code that decides what is computed, whether run from sources or built. */
const HARNESS = ["../program", "../random", "../formats", "../run", "../measure", "../weights"]
  .map(here)
  .concat(beside("../batches"));
const SCORING = [...HARNESS, ...["../evaluate", "../metrics", "../linear-algebra"].map(here)];

/** What models of several kinds share. */
const SHARED = [
  here("../../plugins/models/solvers"),
  ...["weights-option", "declared", "content"].map((name) => beside(`../../plugins/models/${name}`)),
];

/** sha256 of every part of the code that decides a piece of work, by the name people know it by. */
export type CodeHashes = Readonly<Record<string, string>>;

/** What trains and samples. */
export async function modelCode(
  { backend, baseFolder }: ResolvedConfig,
  { plugin }: Descriptor<"model">,
): Promise<CodeHashes> {
  return {
    "epg-bench": codeHash(HARNESS),
    [`the backend plugin "${backend.plugin}"`]: codeHash([
      await pluginSource("backend", backend.plugin, baseFolder),
    ]),
    [`the model plugin "${plugin}"`]: codeHash([await pluginSource("model", plugin, baseFolder), ...SHARED]),
  };
}

/** What scores. */
export async function scoringCode({ features, baseFolder }: ResolvedConfig): Promise<CodeHashes> {
  // Built code lies in dist/, the weights a built-in extractor ships beside the sources.
  const shipped = join(packageRoot(), "plugins", "features");
  const extractor = await pluginSource("features", features.plugin, baseFolder);
  return {
    "epg-bench": codeHash(SCORING),
    [`the features plugin "${features.plugin}"`]: codeHash([extractor, shipped]),
  };
}

/** What classifies the features of a model's encoder, beside `modelCode`. */
export const probeCode = (): CodeHashes => ({
  "epg-bench's metrics": codeHash(["../metrics", "../linear-algebra"].map(here)),
});

/**
 * What every score of a run has in common: the data it is held against, the extractor with its weights, the backend, the code.
 * @param weights of the extractor, where they lie outside the package
 */
export const scoreIdentity = (
  { features, scoreAgainst, unconditional }: ResolvedConfig,
  dataset: Dataset,
  backend: string,
  code: CodeHashes,
  weights: string | null,
): string =>
  hashOf(["score", features, weights, scoreAgainst, unconditional, dataset.identity, backend, code]);
