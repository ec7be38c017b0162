import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../harness/formats/image.ts";
import { resultSchema } from "../../harness/result.ts";
import { command, temporaryFolder } from "./cli.ts";

const SCRIPT = fileURLToPath(new URL("../fixtures/sample-command.mjs", import.meta.url));
const COMMAND = `"${process.execPath}" "${SCRIPT}" {checkpoint} {out} 8`;

let folder: string;
beforeAll(async () => {
  folder = temporaryFolder();
  mkdirSync(join(folder, "real"));
  for (let i = 0; i < 8; i++) {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at % 3 === 0 ? 100 : 30 * i));
    writeFileSync(join(folder, "real", `${i}.png`), await encodePng({ width: 16, height: 16, data }));
  }
});

function checkpoints(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text);
  return name;
}

const watching = (name: string, ...more: string[]) =>
  command(folder, [
    "eval",
    "--watch",
    name,
    "--sample-command",
    COMMAND,
    "real",
    "--features",
    "efficientnet-lite0",
    ...more,
  ]);

describe("eval --watch", () => {
  it("scores what is there with --once: a line and a result a checkpoint, and 24 where one failed", async () => {
    const name = checkpoints("some", { "step-10.pt": "90", "step-9.pt": "250", "step-11.pt": "fail" });
    const ran = await watching(name, "--once");
    expect(ran.exitCode, String(ran.stderr)).toBe(24);
    const lines = String(ran.stdout).trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["checkpoint", "step-9.pt", "step-10.pt"]);
    expect(String(ran.stderr)).toMatch(/step-11\.pt: .*exit code 3[\s\S]*out of memory/);
    const [far, near] = ["step-9.pt", "step-10.pt"].map((checkpoint) => {
      const text = readFileSync(join(folder, "some-scores", `${checkpoint}.result.json`), "utf8");
      return resultSchema
        .parse(JSON.parse(text))
        .results.find(({ metric }) => metric === "fd-efficientnet-lite0")!.value!;
    });
    expect(far).toBeGreaterThan(near!);
  });

  it("ends by Ctrl-C with what was done, and goes on from there", async () => {
    const name = checkpoints("more", { "1.pt": "90" });
    const ran = watching(name);
    let lines = "";
    for await (const line of ran) {
      lines += `${line}\n`;
      if (String(line).startsWith("1.pt")) ran.kill("SIGINT");
    }
    expect((await ran).exitCode).toBe(130);
    expect(readdirSync(join(folder, "more-scores")).sort()).toEqual([
      "1.pt.log",
      "1.pt.result.json",
      "1.pt.samples",
      "watch.json",
    ]);
    const again = await watching(name, "--once", "--quiet");
    expect(again.exitCode, String(again.stderr)).toBe(0);
    expect(String(again.stdout).trim()).toBe(lines.trim());
    expect(String(again.stderr)).not.toMatch(/sampl|scored/);
    utimesSync(join(folder, "real", "0.png"), 1, 1);
    const anew = await watching(name, "--once");
    expect(String(anew.stderr)).toMatch(/watch\.json is of .*: every checkpoint is scored anew/);
  });

  it.each([
    [["eval", "--watch", "nowhere", "--sample-command", COMMAND, "real"], /nowhere: there is no such folder/],
    [["eval", "--watch", "real", "real"], /--watch needs the command/],
    [["eval", "--watch", "real", "--sample-command", COMMAND, "unreal"], /there is no unreal/],
    [
      ["eval", "--watch", "real", "--sample-command", "python x.py {out}", "real"],
      /\{checkpoint\} is missing/,
    ],
    [["eval", "--watch", "real", "--sample-command", COMMAND, "real", "real"], /name the reference alone/],
    [["eval", "real", "real", "--once"], /--once is of a watch/],
    [["eval", "real", "real", "--sample-command", "x"], /--sample-command is of a watch/],
    [["eval", "real"], /the reference is missing/],
  ])("refuses %j", async (argv, problem) => {
    const ran = await command(folder, argv);
    expect(ran.exitCode).toBe(2);
    expect(String(ran.stderr)).toMatch(problem);
  });
});
