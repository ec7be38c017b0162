/** The committed command builds what it runs, from the real build script, in a small package of its own. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = "harness/cli/main.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "epg-bench-bin-"));
  for (const path of ["bin", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json"]) {
    cpSync(join(ROOT, path), join(home, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(home, "node_modules"));
  mkdirSync(join(home, "harness/cli"), { recursive: true });
  mkdirSync(join(home, "plugins"));
  writeMain("first");
});

afterEach(() => rmSync(home, { recursive: true }));

/** A `main` of two files that prints its word and arguments. */
function writeMain(word: string): void {
  writeFileSync(join(home, "harness/word.ts"), `export const word: string = ${JSON.stringify(word)};\n`);
  writeFileSync(
    join(home, MAIN),
    `import { word } from "../word.ts";
export async function main(argv: readonly string[]): Promise<void> {
  console.log([word, ...argv].join(" "));
}
`,
  );
}

const start = (...words: string[]) =>
  execa("node", [join(home, "bin/epg-bench.js"), ...words], { reject: false });

const FIRST = "epg-bench: building dist/ (first use)";
const BUILDING = "epg-bench: the sources have changed, building dist/";

it("is executable", () => {
  expect(statSync(join(ROOT, "bin/epg-bench.js")).mode & 0o777).toBe(0o755);
});

it("builds once, says so on stderr, and passes its arguments on", async () => {
  const first = await start("run", "--seed", "3");
  expect([first.exitCode, first.stdout, first.stderr]).toEqual([0, "first run --seed 3", FIRST]);
  const second = await start();
  expect([second.exitCode, second.stdout, second.stderr]).toEqual([0, "first", ""]);
  expect(readdirSync(home).sort()).not.toContain(".dist-build");
});

it("builds again when a source is changed, added, removed or moved back in time", async () => {
  const changes: [change: () => void, word: string][] = [
    [() => writeMain("other"), "other"],
    [() => writeFileSync(join(home, "plugins/more.ts"), "export const more = 1;\n"), "other"],
    [() => rmSync(join(home, "plugins/more.ts")), "other"],
    [() => utimesSync(join(home, MAIN), 1, 1), "other"],
  ];
  await start();
  for (const [change, word] of changes) {
    change();
    const { stdout, stderr } = await start();
    expect([stdout, stderr]).toEqual([word, BUILDING]);
  }
  expect(existsSync(join(home, "dist/plugins/more.js"))).toBe(false);
});

it("serves parallel starts, from nothing and after a change", async () => {
  for (const word of ["first", "second"]) {
    writeMain(word);
    const all = await Promise.all([1, 2, 3].map(() => start()));
    for (const { exitCode, stdout } of all) expect([exitCode, stdout]).toEqual([0, word]);
    const building = word === "first" ? FIRST : BUILDING;
    expect(all.filter(({ stderr }) => stderr === building)).toHaveLength(1);
  }
});

it("keeps dist/ as it was when the sources do not compile", async () => {
  await start();
  const built = readFileSync(join(home, "dist/harness/word.js"), "utf8");
  writeFileSync(join(home, "harness/word.ts"), "export const word: string = 3;\n");
  const { exitCode, stdout, stderr } = await start();
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("harness/word.ts(1,14): error TS2322");
  expect(stderr).toContain("dist/ is as it was");
  expect(readFileSync(join(home, "dist/harness/word.js"), "utf8")).toBe(built);
});

it("makes none where the sources of a fresh checkout do not compile", async () => {
  writeFileSync(join(home, "harness/word.ts"), "export const word: string = 3;\n");
  const { exitCode, stderr } = await start();
  expect([exitCode, existsSync(join(home, "dist"))]).toEqual([1, false]);
  expect(stderr).toContain("dist/ is not made");
});

it("takes over from a build that was killed", async () => {
  const gone = await execa("node", ["-p", "process.pid"]);
  mkdirSync(join(home, ".dist-build/dist/harness"), { recursive: true });
  writeFileSync(join(home, ".dist-build/pid"), gone.stdout);
  writeFileSync(join(home, ".dist-build/dist/harness/half.js"), "half");
  expect((await start()).stdout).toBe("first");
  expect(existsSync(join(home, "dist/harness/half.js"))).toBe(false);
});

it("runs as published: dist/ without sources or scripts", async () => {
  await start();
  for (const path of ["scripts", "harness", "plugins", "tsconfig.json", "tsconfig.build.json"]) {
    rmSync(join(home, path), { recursive: true });
  }
  expect((await start("gate")).stdout).toBe("first gate");
});

it("asks for npm ci where node_modules is absent", async () => {
  renameSync(join(home, "node_modules"), join(home, "elsewhere"));
  const { exitCode, stderr } = await start();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("fix: run `npm ci` first");
});

it("is what npm run build runs", async () => {
  const { exitCode } = await execa("npm", ["run", "--silent", "build"], { cwd: home });
  expect(exitCode).toBe(0);
  expect((await start()).stderr).toBe("");
});
