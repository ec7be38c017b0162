import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { packageVersion } from "../../../harness/package-root.ts";
import type { Result } from "../../../harness/result.ts";
import { fixtureResult, rowOf } from "../../fixtures/result.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { exit, printed, watchOutput } from "./command.ts";

watchOutput();

/** A run folder that holds the result. */
function folderOf(result: Result): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "result.json"), JSON.stringify(result));
  return folder;
}

describe("usage", () => {
  it("--version prints the version", async () => {
    expect(await exit("--version")).toBe(0);
    expect(printed.stdout).toBe(`${packageVersion()}\n`);
  });

  it.each([
    ["an unknown verb", ["rnu"], "error: unknown command 'rnu'\n  fix: did you mean run?\n"],
    [
      "an unknown flag",
      ["run", "--smaples", "3"],
      "error: unknown option '--smaples'\n  fix: did you mean --samples?\n",
    ],
    ["a value of the wrong kind", ["run", "--seed", "x"], "a whole number of at least 0"],
    ["too few samples", ["run", "--samples", "1"], "a whole number of at least 4"],
    ["a choice that is none", ["run", "--against", "all"], "reference, train"],
    [
      "flags that contradict",
      ["run", "--resume", "x", "--seed", "3"],
      "cannot be used with option '--seed <n>'",
    ],
    ["a missing argument", ["gate"], "missing required argument 'run'"],
    ["a missing flag", ["baseline", "save", "x"], "required option '--to <file>' not specified"],
    ["nothing", [], "Usage: epg-bench"],
  ])("%s exits 2", async (_name, argv, message) => {
    expect(await exit(...argv)).toBe(2);
    expect(printed.stderr).toContain(message);
    expect(printed.stderr).not.toContain("    at ");
    expect(printed.stdout).toBe("");
  });

  it("help goes to printed.stdout and exits 0", async () => {
    expect(await exit("run", "--help")).toBe(0);
    expect(printed.stdout).toContain("--skip-unreadable");
  });
});

describe("mistakes", () => {
  it.each([
    ["a run folder without a run", ["run", "--resume", "/nowhere"], "holds no run"],
    ["a config that is not there", ["run", "--config", "/nowhere.ts"], "no file /nowhere.ts"],
    ["a result that is not there", ["report", "/nowhere"], "/nowhere"],
  ])("%s: error, fix, exit 2, no stack", async (_name, argv, message) => {
    expect(await exit(...argv)).toBe(2);
    expect(printed.stderr).toMatch(/^error: .*\n {2}fix: .*\n$/m);
    expect(printed.stderr).toContain(message);
    expect(printed.stderr).not.toContain("    at ");
  });

  it("names of others reach the terminal without control characters", async () => {
    expect(await exit("report", "/no\u001b[31mwhere")).toBe(2);
    expect(await exit("ru\u001b[31mn")).toBe(2);
    expect(printed.stderr).toContain("/no [31mwhere");
    expect(printed.stderr).toContain("'ru [31mn'");
    expect(printed.stderr).not.toContain("\u001b");
  });

  it("a folder that holds a run is refused, naming --resume", async () => {
    const folder = folderOf(fixtureResult());
    writeFileSync(join(folder, "config.resolved.json"), "{}");
    expect(await exit("run", "--output", folder)).toBe(2);
    expect(printed.stderr).toContain(`--output: ${folder} holds a run already`);
    expect(printed.stderr).toContain(`--resume ${folder}`);
  });

  it("a dry run of what could not run prints its plan, says why, and exits 2", async () => {
    const config = join(temporaryFolder(), "few.config.json");
    const dataset = { kind: "dataset", plugin: "shapes", options: { train: 8, reference: 128, heldOut: 64 } };
    const entries = { EPG: { kind: "model", plugin: "epg", options: { size: "tiny" } } };
    writeFileSync(config, JSON.stringify({ dataset, entries, budget: { trainingFlops: 1e11 } }));
    expect(await exit("run", "-c", config, "--dry-run", "--quiet")).toBe(2);
    expect(printed.stdout).toContain("GFLOPs a step");
    expect(printed.stderr).toMatch(
      /^error: .* has 8 training images, fewer than one batch of 16 .*\n {2}fix: /m,
    );
  });

  it("an unknown report format is named with the known ones", async () => {
    expect(await exit("report", folderOf(fixtureResult()), "--format", "mb")).toBe(2);
    expect(printed.stderr).toContain('unknown format "mb"\n  fix: did you mean "md"?');
  });

  it("a bug of ours keeps its stack and exits 1", async () => {
    vi.mocked(process.stdout.write).mockImplementation(() => {
      throw new Error("bug");
    });
    expect(await exit("report", folderOf(fixtureResult()))).toBe(1);
    expect(printed.stderr).toContain("Error: bug\n    at ");
  });
});

describe("verbs on a result", () => {
  it("report writes the formats asked for and prints their paths", async () => {
    const folder = folderOf(fixtureResult());
    expect(await exit("report", folder, "--format", "md,json")).toBe(0);
    const plots = ["nfe", "macs-per-image", "total-train-flops"].map((axis) => `frontier/${axis}.svg`);
    const written = ["report.md", ...plots, "report.json"];
    expect(printed.stdout).toBe(written.map((path) => `${join(folder, path)}\n`).join(""));
    expect(readFileSync(join(folder, "report.md"), "utf8").length).toBeGreaterThan(100);
  });

  it("baseline save, then the same run passes and one with more network calls fails with 20", async () => {
    const folder = folderOf(fixtureResult());
    const baseline = join(temporaryFolder(), "ci/base.json");
    expect(await exit("baseline", "save", folder, "--to", baseline)).toBe(0);
    expect(printed.stdout).toBe(`${baseline}\n`);

    expect(await exit("gate", folder, "--baseline", baseline)).toBe(0);
    expect(printed.stdout).toContain("gate: passed");

    const worse = fixtureResult();
    const entry = worse.run.entries.find(({ kind }) => kind === "model")!.name;
    rowOf(worse, entry, "nfe").value! += 2;
    expect(await exit("gate", folderOf(worse), "--baseline", baseline)).toBe(20);
    expect(printed.stdout).toMatch(/worse.*nfe/);
    expect(printed.stdout).toContain("gate: failed");
  });

  it("a baseline that is not there exits 2, one that is required and not named 23", async () => {
    const folder = folderOf(fixtureResult());
    expect(await exit("gate", folder, "--baseline", "/nowhere.json")).toBe(2);
    expect(await exit("gate", folder)).toBe(0);
    expect(printed.stdout).toContain("no baseline");
    expect(await exit("gate", folder, "--require-baseline")).toBe(23);
  });

  it("the run's own gates outrank the baseline's", async () => {
    const folder = folderOf(fixtureResult());
    const baseline = join(folder, "base.json");
    await exit("baseline", "save", folder, "--to", baseline);
    const worse = fixtureResult();
    const entry = worse.run.entries.find(({ kind }) => kind === "model")!.name;
    rowOf(worse, entry, "nfe").value! += 2;
    const other = folderOf(worse);
    const config = {
      name: "own",
      file: null,
      baseFolder: other,
      dataset: { kind: "dataset", plugin: "shapes" },
      entries: { A: { kind: "model", plugin: "epg" } },
      gates: { nfe: ["warn", { equal: true }] },
    };
    writeFileSync(join(other, "config.resolved.json"), JSON.stringify(config));
    expect(await exit("gate", other, "--baseline", baseline)).toBe(0);
    expect(printed.stdout).toContain("worse (warn)");
  });
});
