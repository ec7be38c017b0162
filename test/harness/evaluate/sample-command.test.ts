import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { commandWords, runSampleCommand } from "../../../harness/evaluate/sample-command.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

describe("commandWords", () => {
  it.each([
    ["python sample.py {checkpoint} {out}", ["python", "sample.py", "{checkpoint}", "{out}"]],
    [`a --p='x y' "{out}/z" {checkpoint}`, ["a", "--p=x y", "{out}/z", "{checkpoint}"]],
    [`a "it's" {out}{checkpoint} $HOME; rm`, ["a", "it's", "{out}{checkpoint}", "$HOME;", "rm"]],
  ])("cuts %s", (command, words) => {
    expect(commandWords(command)).toEqual(words);
  });

  it.each([
    ["python sample.py {checkpoint}", /\{out\} is missing/],
    ["python sample.py", /\{checkpoint\} is missing/],
    ["", /\{checkpoint\} is missing/],
    ['python "sample.py {checkpoint} {out}', /a quote is not closed/],
  ])("refuses %s", (command, problem) => {
    expect(() => commandWords(command)).toThrow(UserError);
    expect(() => commandWords(command)).toThrow(problem);
  });
});

describe("runSampleCommand", () => {
  const script = (folder: string, text: string): string => {
    writeFileSync(join(folder, "script.mjs"), text);
    return join(folder, "script.mjs");
  };
  const run = (folder: string, words: readonly string[], signal = new AbortController().signal) =>
    runSampleCommand({
      words,
      checkpoint: join(folder, "a b.pt"),
      out: join(folder, "o u t"),
      log: join(folder, "log"),
      signal,
    });

  it("puts paths in place as they are, and keeps what the program says", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "o u t"));
    const path = script(folder, "console.log(JSON.stringify(process.argv.slice(2))); console.error('late');");
    expect(await run(folder, [process.execPath, path, "{out}/x", "--c={checkpoint}"])).toBeNull();
    const [first, second] = readFileSync(join(folder, "log"), "utf8").trim().split("\n");
    expect(JSON.parse(first!)).toEqual([join(folder, "o u t/x"), `--c=${join(folder, "a b.pt")}`]);
    expect(second).toBe("late");
  });

  it("tells the exit code and the last lines of a program that fails", async () => {
    const folder = temporaryFolder();
    const path = script(
      folder,
      'for (let i = 0; i < 9; i++) console.log("line " + i); process.exitCode = 7;',
    );
    const failure = await run(folder, [process.execPath, path]);
    expect(failure).toMatch(/failed with exit code 7/);
    expect(failure).toMatch(/line 4\nline 5\nline 6\nline 7\nline 8$/);
  });

  it("reads no more of a long log than its end", async () => {
    const folder = temporaryFolder();
    const path = script(
      folder,
      'console.log("x".repeat(100_000)); console.log("the end"); process.exitCode = 1;',
    );
    const failure = (await run(folder, [process.execPath, path]))!;
    expect(failure).toMatch(/x\nthe end$/);
    expect(failure.length).toBeLessThan(5000 + folder.length);
  });

  it("tells of a program that is not there", async () => {
    expect(await run(temporaryFolder(), ["no-such-program-here"])).toMatch(/ENOENT/);
  });

  it("ends the program when it is told to", async () => {
    const folder = temporaryFolder();
    const path = script(folder, "setTimeout(() => {}, 60_000);");
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    expect(await run(folder, [process.execPath, path], stop.signal)).toMatch(/cancel/i);
  });
});
