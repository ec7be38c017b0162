import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { type WatchFlags, watchOptions, watchVerb } from "../../../harness/cli/watch.ts";
import { UserError } from "../../../harness/errors.ts";
import { fixtureResult } from "../../fixtures/result.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { printed, watchOutput } from "./command.ts";

watchOutput();

const SCRIPT = fileURLToPath(new URL("../../fixtures/sample-command.mjs", import.meta.url));

async function verb(...argv: string[]): Promise<{ code: number; notes: string[] }> {
  const flags = watchOptions(new Command()).parse(argv, { from: "user" }).opts<WatchFlags>();
  const whole = fixtureResult();
  const result = { ...whole, warnings: ["few images"], results: whole.results.slice(0, 2) };
  const notes: string[] = [];
  const progress = {
    stage: () => ({ update() {}, done() {}, fail() {}, stop() {} }),
    note: (line: string) => notes.push(line),
    close() {},
  };
  const code = await watchVerb(
    { ...flags, watch: flags.watch! },
    async () => "fid",
    async () => result,
    progress,
  );
  return { code, notes };
}

describe("eval --watch --once", () => {
  it("prints a table, says what failed, and ends with the code of what is incomplete", async () => {
    const folder = join(temporaryFolder(), "checkpoints");
    mkdirSync(folder);
    writeFileSync(join(folder, "1.pt"), "10");
    const argv = [
      "--watch",
      `${folder}/`,
      "--sample-command",
      `"${process.execPath}" "${SCRIPT}" {checkpoint} {out}`,
      "--once",
    ];
    expect(await verb(...argv)).toEqual({ code: 0, notes: ["warning: few images"] });
    expect(printed.stdout).toMatch(/^checkpoint +n .*\n1\.pt +[\d,]+ .*\n$/);
    writeFileSync(join(folder, "2.pt"), "fail");
    printed.stdout = "";
    const { code, notes } = await verb(...argv);
    expect(code).toBe(24);
    expect(notes.join("\n")).toMatch(/2\.pt: .*exit code 3/);
    // The first is known from before.
    expect(printed.stdout.split("\n")).toHaveLength(3);
  });

  it("asks for a command", async () => {
    await expect(verb("--watch", "x")).rejects.toThrow(UserError);
  });
});
