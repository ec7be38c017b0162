/** Engines that are no package of ours: whether their bindings are here, found without starting them. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Finding } from "../plugin.ts";

/** @param told backends that tell of theirs themselves */
export const examineBindings = (told: readonly string[]): Finding[] =>
  told.includes("tfjs") ? [] : [tfjsFinding([resolve("package.json"), import.meta.url])];

const PACKAGES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];

/** @param from files from which packages are looked up */
export function tfjsFinding(from: readonly string[]): Finding {
  const what = "tfjs binding";
  for (const name of PACKAGES) {
    const manifest = packageJson(name, from);
    if (manifest === null) continue;
    if (hasBinding(join(dirname(manifest), "lib"))) return { what, works: true, detail: name, fix: null };
    const fix = `\`npm rebuild ${name} --ignore-scripts=false\`, which fetches libtensorflow`;
    return { what, works: false, detail: `${name} is here, its native addon is not`, fix };
  }
  const fix = `\`npm install ${PACKAGES[1]} --ignore-scripts=false\`, on a GPU ${PACKAGES[0]}`;
  return { what, works: false, detail: "no @tensorflow/tfjs-node", fix };
}

function packageJson(name: string, from: readonly string[]): string | null {
  for (const file of from)
    try {
      return createRequire(file).resolve(`${name}/package.json`);
    } catch {
      // Looked up from the next.
    }
  return null;
}

/** lib/napi-v8/tfjs_binding.node */
const hasBinding = (lib: string): boolean =>
  existsSync(lib) && readdirSync(lib).some((name) => existsSync(join(lib, name, "tfjs_binding.node")));
