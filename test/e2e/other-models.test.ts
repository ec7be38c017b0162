/** The worked example of a model in Python, beside images that exist already and a program that fails. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../harness/formats/image.ts";
import { packageRoot } from "../../harness/package-root.ts";
import type { Result } from "../../harness/result.ts";
import { command, readResult, temporaryFolder } from "./cli.ts";

const python = spawnSync("python3", ["--version"]).status === 0;
const CLASSES = 8;
const IMAGES = 40;

const config = `
import { command, samples, shapes } from "epg-bench";
import example from "./epg-bench.config.ts";
export default {
  ...example,
  entries: {
    ...example.entries,
    broken: command({ command: ["python3", "-c", "import sys; print('no weights', file=sys.stderr); sys.exit(1)"] }),
    made: samples({ path: "made", calls: 250, macs: 1e12 }),
  },
};
`;

async function newFolder(): Promise<string> {
  const folder = temporaryFolder();
  cpSync(join(packageRoot(), "examples", "command-model"), folder, { recursive: true });
  writeFileSync(join(folder, "with-more.config.ts"), config);
  for (let k = 0; k < IMAGES; k++) {
    const label = join(folder, "made", `${k % CLASSES}`);
    mkdirSync(label, { recursive: true });
    const data = new Uint8Array(32 * 32 * 3).map((_, i) => (k * 31 + i * 7) % 256);
    writeFileSync(join(label, `${k}.png`), await encodePng({ width: 32, height: 32, data }));
  }
  return folder;
}

describe.skipIf(!python)("other people's models (needs python3)", () => {
  let folder: string;
  let ran: Awaited<ReturnType<typeof command>>;
  let result: Result;
  beforeAll(async () => {
    folder = await newFolder();
    ran = await command(folder, ["run", "-c", "with-more.config.ts", "--quick", "--output", "out"]);
    result = readResult(folder);
  }, 120_000);

  const row = (entry: string, metric: string) =>
    result.results.find((one) => one.entry === entry && one.metric === metric);
  const entry = (name: string) => result.run.entries.find((one) => one.name === name)!;

  it("cost no other entry anything where they fail, and end the run with 24", () => {
    expect(ran.exitCode).toBe(24);
    expect(entry("broken")).toMatchObject({ status: "failed" });
    expect(entry("broken").failure).toMatch(
      /^sampling: the program "python3 .*" ended with exit code 1 before it answered; .*: no weights$/,
    );
    for (const name of ["my model", "made"]) {
      expect(entry(name)).toMatchObject({ status: "ok", n: IMAGES });
      expect(result.results.some((one) => one.entry === name && one.metric.startsWith("kid-"))).toBe(true);
    }
  });

  it("have the calls that they report, and costs that are declared or unknown", () => {
    expect(row("my model", "nfe")).toMatchObject({ value: 1, told: "reported" });
    expect(row("my model", "macs-per-image")).toMatchObject({ value: null });
    expect(row("my model", "throughput")!.value).toBeGreaterThan(0);
    expect(row("made", "nfe")).toMatchObject({ value: 250, told: "declared" });
    expect(row("made", "total-train-flops")).toMatchObject({ value: null });
    expect(row("made", "throughput")).toBeUndefined();
    expect(result.ledger.map(({ entries, macs, flops }) => [entries, macs, flops])).toEqual([
      [["my model"], null, null],
      // What it took until it failed, nobody tells.
      [["broken"], null, null],
      [["made"], IMAGES * 1e12, null],
    ]);
    expect(result.run.match).toMatch(/at a cost not known here: "my model", "made"\.$/);
    expect(ran.stdout).toMatch(/my model .* 1 \(reported\) .* unknown/);
    expect(ran.stdout).toMatch(/made .* 250 \(declared\) +— +unknown/);
  });

  it("are paired by seeds only where those made them", () => {
    expect(entry("my model").seeds).not.toBeNull();
    expect(entry("made").seeds).toBeNull();
    expect(entry("made").weights).not.toBeNull();
  });

  it("are not started to tell their cost", async () => {
    const { stdout, exitCode } = await command(folder, ["cost", "-c", "with-more.config.ts"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/broken at 32 px, made elsewhere/);
    expect(stdout).toMatch(/network calls an image +250 +declared/);
  }, 60_000);
});
