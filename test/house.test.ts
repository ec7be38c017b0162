/** Holds the arrows of the architecture: who may import whom. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAst } from "vitest/node";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["harness", "plugins", "reports"];

/**
 * What each part may import, itself apart. A part is a folder of harness/ (or a file beside them), a
 * kind of plugin, or reports. `plugins` and `reports` stand for all of them.
 */
const CONTRACTS = [
  "plugin.ts",
  "errors.ts",
  "program",
  "formats",
  "random",
  "package-root.ts",
  "user-cache.ts",
  "weights",
  "batches.ts",
  "bytes.ts",
];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  program: [],
  formats: [],
  random: [],
  "linear-algebra": [],
  "errors.ts": [],
  "batches.ts": [],
  "bytes.ts": [],
  "suggest.ts": [],
  "package-root.ts": [],
  "user-cache.ts": [],
  weights: ["program", "formats", "errors.ts"],
  metrics: ["linear-algebra"],
  "result.ts": [],
  contracts: ["program", "formats", "random"],
  "plugin.ts": ["contracts", "result.ts"],
  measure: ["plugin.ts", "program", "result.ts", "errors.ts", "bytes.ts"],
  gate: ["result.ts", "errors.ts", "suggest.ts"],
  config: ["plugin.ts", "errors.ts", "suggest.ts", "package-root.ts", "gate", "index.ts", "plugins"],
  references: ["formats", "errors.ts", "suggest.ts", "package-root.ts", "user-cache.ts"],
  evaluate: [
    ...CONTRACTS,
    "result.ts",
    "suggest.ts",
    "references",
    "config",
    "measure",
    "metrics",
    "linear-algebra",
  ],
  run: [
    ...CONTRACTS,
    "result.ts",
    "suggest.ts",
    "config",
    "evaluate",
    "measure",
    "metrics",
    "linear-algebra",
    "gate",
    "reports",
  ],
  cost: [
    "plugin.ts",
    "errors.ts",
    "program",
    "random",
    "result.ts",
    "suggest.ts",
    "config",
    "measure",
    "references",
    "run",
  ],
  reproduce: [
    "result.ts",
    "errors.ts",
    "suggest.ts",
    "user-cache.ts",
    "config",
    "evaluate",
    "references",
    "run",
  ],
  cli: [
    "contracts",
    "bytes.ts",
    "formats",
    "result.ts",
    "errors.ts",
    "suggest.ts",
    "package-root.ts",
    "config",
    "evaluate",
    "references",
    "run",
    "reproduce",
    "cost",
    "measure",
    "gate",
    "reports",
  ],
  "index.ts": ["plugin.ts", "errors.ts", "program", "random", "result.ts", "config", "plugins"],
  "plugins/backends": CONTRACTS,
  "plugins/models": CONTRACTS,
  "plugins/datasets": CONTRACTS,
  "plugins/features": CONTRACTS,
  reports: ["result.ts", "errors.ts", "measure", "references"],
};

/** The only files of harness/ that may name plugins: the lazy table and the public API. */
const NAME_PLUGINS = ["harness/config/plugins.ts", "harness/index.ts"];

const files = SOURCES.flatMap((folder) => typescriptUnder(folder));
const tests = typescriptUnder("test");
const parsed = new Map([...files, ...tests].map((file) => [file, parse(file)]));

describe("the house", () => {
  it("sees every source", () => {
    const counted = SOURCES.map((folder) => count(join(ROOT, folder))).reduce((sum, n) => sum + n, 0);
    expect(files).toHaveLength(counted);
    expect(counted).toBeGreaterThan(100);
  });

  it("knows every part", () => {
    const parts = new Set(files.map(partOf));
    expect([...parts].filter((part) => !(part in MAY_IMPORT))).toEqual([]);
    expect(Object.keys(MAY_IMPORT).filter((part) => !parts.has(part))).toEqual([]);
  });

  it("sees imports of every form", () => {
    const source = `
      import type { A } from "./a.ts"; import "./b.ts"; export * from "./c.ts"; export { d } from "./d.ts";
      const e = () => import("./e.ts"); type F = import("./f.ts").F; // import "./comment.ts"
      const text = 'import "./text.ts"';`;
    const { imports, loads } = inspect(parseAst(source, { lang: "ts" }));
    expect(imports.sort()).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts"]);
    expect(loads.sort()).toEqual(["./b.ts", "./c.ts", "./d.ts"]);
  });

  it("lets arrows run one way", () => {
    const wrong = arrows(files)
      .filter(({ from, to }) => from !== to)
      .filter(({ from, to }) => !MAY_IMPORT[from]?.some((allowed) => within(to, allowed)));
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });

  it("lets two files alone of harness/ name plugins", () => {
    const naming = arrows(files).filter(
      ({ file, target }) => file.startsWith("harness/") && target.startsWith("plugins/"),
    );
    expect([...new Set(naming.map(({ file }) => file))].sort()).toEqual(NAME_PLUGINS);
  });

  it("keeps models apart: what two of them share lies in solvers/ or beside their folders", () => {
    const modelOf = (path: string) => /^plugins\/models\/(\w+)\//.exec(path)?.[1];
    const across = arrows(files).filter(({ file, target }) => {
      const [from, to] = [modelOf(file), modelOf(target)];
      return from && to && from !== to && to !== "solvers";
    });
    expect(across.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });

  it("has no imports in a ring between parts", () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to, file } of arrows(files)) {
      // The table and the public API close rings by design: by loading lazily, and by being the door.
      if (from === to || NAME_PLUGINS.includes(file) || to === "index.ts") continue;
      edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    expect(ring(edges)).toEqual([]);
  });

  it("imports files that exist, with their extension", () => {
    const missing = arrows([...files, ...tests]).filter(({ target }) => !existsSync(join(ROOT, target)));
    expect(missing.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });

  it("starts with little: the command loads commander and files of ours alone", () => {
    const packages = new Set<string>();
    const seen = new Set<string>();
    const load = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const name of parsed.get(file)!.loads) {
        if (name.startsWith(".")) load(slashed(join(dirname(file), name)));
        else if (!name.startsWith("node:")) packages.add(name);
      }
    };
    load("harness/cli/main.ts");
    expect([...packages]).toEqual(["commander"]);
    expect(seen.size).toBeLessThan(6);
  });

  it("is free of `any`", () => {
    const loose = [...parsed].filter(([, { any }]) => any).map(([file]) => file);
    expect(loose).toEqual([]);
  });

  it("keeps files under 400 lines", () => {
    const lengths = files.map((file) => [file, read(file).split("\n").length] as const);
    expect(lengths.filter(([, length]) => length >= 400)).toEqual([]);
  });

  it("keeps tests in folders that mirror the sources'", () => {
    const folders = tests
      .filter((file) => file.endsWith(".test.ts") && file !== "test/house.test.ts")
      .map((file) => dirname(file).slice("test/".length))
      .filter((folder) => !/^(e2e|conformance|parity|reference)/.test(folder));
    expect(folders.length).toBeGreaterThan(20);
    expect([...new Set(folders)].filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
  });
});

interface Arrow {
  readonly file: string;
  readonly target: string;
  readonly from: string;
  readonly to: string;
}

/** Every import of a file of ours. */
function arrows(from: readonly string[]): Arrow[] {
  return from.flatMap((file) =>
    parsed
      .get(file)!
      .imports.filter((name) => name.startsWith("."))
      .map((name) => slashed(relative(ROOT, resolve(ROOT, dirname(file), name))))
      .map((target) => ({ file, target, from: partOf(file), to: partOf(target) })),
  );
}

function partOf(file: string): string {
  const [top, second = "", third] = file.split("/");
  if (top === "harness") return second;
  if (top === "plugins") return third === undefined ? "plugins" : `plugins/${second}`;
  return top!;
}

const within = (part: string, allowed: string): boolean => part === allowed || part.startsWith(`${allowed}/`);

/** Parts along one ring of arrows; empty where there is none. */
function ring(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const cleared = new Set<string>();
  const walk = (part: string, path: readonly string[]): string[] => {
    if (path.includes(part)) return [...path.slice(path.indexOf(part)), part];
    if (cleared.has(part)) return [];
    for (const next of edges.get(part) ?? []) {
      const found = walk(next, [...path, part]);
      if (found.length > 0) return found;
    }
    cleared.add(part);
    return [];
  };
  return [...edges.keys()].map((part) => walk(part, [])).find((found) => found.length > 0) ?? [];
}

interface Inspection {
  readonly imports: string[];
  /** Those that load the module at once: neither types nor `import()`. */
  readonly loads: string[];
  readonly any: boolean;
}

function parse(file: string): Inspection {
  return inspect(parseAst(read(file), { lang: "ts" }, file));
}

interface SyntaxNode {
  readonly type?: string;
  readonly source?: { readonly value?: unknown } | null;
  readonly importKind?: string;
  readonly exportKind?: string;
}

/** Walks a syntax tree for the names of imported modules and for the type `any`. */
function inspect(tree: unknown): Inspection {
  const imports: string[] = [];
  const loads: string[] = [];
  let any = false;
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type = "", source, importKind, exportKind } = node as SyntaxNode;
    if (type === "TSAnyKeyword") any = true;
    const declares = /^(Import|Export).*Declaration$/.test(type);
    if (typeof source?.value === "string" && (declares || /^(ImportExpression|TSImportType)$/.test(type))) {
      imports.push(source.value);
      if (declares && importKind !== "type" && exportKind !== "type") loads.push(source.value);
    }
    for (const value of Object.values(node)) walk(value);
  };
  walk(tree);
  return { imports, loads, any };
}

function typescriptUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => slashed(join(folder, path)));
}

/** Counts sources in another way than `typescriptUnder` finds them. */
function count(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) =>
      entry.isDirectory() ? count(join(folder, entry.name)) : Number(/\.ts$/.test(entry.name)),
    )
    .reduce((sum, n) => sum + n, 0);
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}
