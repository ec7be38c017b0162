/** Engines that are no package of ours: whether their bindings are here, found without starting them. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import type { Finding } from "../plugin.ts";

/** By the name of the backend that wants it. */
const BINDINGS: Readonly<Record<string, () => Promise<Finding>>> = {
  openvino: openvinoFinding,
  tfjs: async () => tfjsFinding([resolve("package.json"), import.meta.url]),
};

/** @param told backends that tell of theirs themselves */
export const examineBindings = (told: readonly string[]): Promise<Finding[]> =>
  Promise.all(Object.entries(BINDINGS).flatMap(([name, find]) => (told.includes(name) ? [] : [find()])));

async function openvinoFinding(): Promise<Finding> {
  const python = process.env.EPG_BENCH_PYTHON || "python3";
  const script = "import importlib.metadata as m; print(m.version('openvino'))";
  const { stdout, failed } = await execa(python, ["-c", script], { reject: false, timeout: 30_000 });
  if (!failed) return { what: "openvino package", works: true, detail: `${stdout} (${python})`, fix: null };
  return {
    what: "openvino package",
    works: false,
    detail: `not in the Python "${python}"`,
    fix: `\`${python} -m pip install openvino\``,
  };
}

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
