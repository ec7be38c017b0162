import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { openImageSet } from "../../../harness/evaluate/image-set.ts";
import { type Watch, watch } from "../../../harness/evaluate/watch.ts";
import { type Result, resultSchema } from "../../../harness/result.ts";
import { fixtureResult } from "../../fixtures/result.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const SCRIPT = fileURLToPath(new URL("../../fixtures/sample-command.mjs", import.meta.url));

/** A folder of checkpoints, and a watch of it whose score is the first image's grey. */
function watched(checkpoints: Readonly<Record<string, string>>) {
  const root = temporaryFolder();
  const folder = join(root, "checkpoints");
  mkdirSync(folder);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(checkpoints)) write(name, text);
  const output = join(root, "scores");
  const rows: [string, number][] = [];
  const notes: string[] = [];
  let made = 0;
  const run = (options: Partial<Watch> = {}) => {
    rows.length = notes.length = made = 0;
    return watch({
      folder,
      sampleCommand: `"${process.execPath}" "${SCRIPT}" {checkpoint} {out}`,
      output,
      once: true,
      settings: async () => "against the reference",
      seconds: 0.02,
      signal: new AbortController().signal,
      async score(samples) {
        made++;
        return scoreOf(samples);
      },
      scored: (name, { run: { samples } }) => rows.push([name, samples]),
      note: (line) => notes.push(line),
      ...options,
    });
  };
  return { folder, output, write, rows, notes, run, made: () => made };
}

async function scoreOf(samples: string): Promise<Result> {
  const set = await openImageSet(samples);
  for await (const images of set.batches(1)) {
    const result = fixtureResult();
    return { ...result, run: { ...result.run, samples: images[0]!.data[0]! } };
  }
  throw new Error("no images");
}

describe("watch --once", () => {
  it("scores what is there in natural order, and leaves results and logs", async () => {
    const { run, rows, output } = watched({ "10.pt": "110", "9.pt": "90", "11.pt.tmp": "1" });
    expect(await run()).toEqual({ scored: 2, failed: 0 });
    expect(rows).toEqual([
      ["9.pt", 90],
      ["10.pt", 110],
    ]);
    expect(readdirSync(output).sort()).toEqual([
      "10.pt.log",
      "10.pt.result.json",
      "10.pt.samples",
      "9.pt.log",
      "9.pt.result.json",
      "9.pt.samples",
      "watch.json",
    ]);
    const stored = resultSchema.parse(JSON.parse(readFileSync(join(output, "9.pt.result.json"), "utf8")));
    expect(stored.run.samples).toBe(90);
    expect(readFileSync(join(output, "9.pt.log"), "utf8")).toBe("sampling 90\n");
  });

  it("takes folders for checkpoints", async () => {
    const { run, rows, folder } = watched({});
    mkdirSync(join(folder, "step-1"));
    writeFileSync(join(folder, "step-1", "weights"), "50");
    await run();
    expect(rows).toEqual([["step-1", 50]]);
  });

  it("tells of what fails, and goes on", async () => {
    const { run, rows, notes, output } = watched({ "1.pt": "fail", "2.pt": "20", "3.pt": "30" });
    const found = await run({
      async score(samples) {
        if (samples.includes("3.pt")) throw new UserError("too few images");
        return scoreOf(samples);
      },
    });
    expect(found).toEqual({ scored: 1, failed: 2 });
    expect(rows).toEqual([["2.pt", 20]]);
    expect(notes[0]).toMatch(/^1\.pt: .*exit code 3[\s\S]*RuntimeError: out of memory$/);
    expect(notes[1]).toBe("3.pt: too few images");
    expect(existsSync(join(output, "3.pt.result.json"))).toBe(false);
  });

  it("does not score again what was scored, by time or by content; but what changed, and all of other settings", async () => {
    const { run, rows, notes, made, folder, write, output } = watched({ "1.pt": "10", "2.pt": "20" });
    await run();
    expect(made()).toBe(2);
    utimesSync(join(folder, "2.pt"), 1, 1);
    await run();
    expect([made(), rows.length]).toEqual([0, 2]);
    write("1.pt", "11");
    await run();
    expect([made(), rows]).toEqual([
      1,
      [
        ["1.pt", 11],
        ["2.pt", 20],
      ],
    ]);
    rmSync(join(output, "1.pt.result.json"));
    writeFileSync(join(output, "2.pt.result.json"), "{}");
    await run();
    expect(made()).toBe(2);
    await run({ settings: async () => "against another" });
    expect([made(), notes]).toEqual([2, [expect.stringMatching(/scored anew/)]]);
    writeFileSync(join(output, "watch.json"), "{");
    await run({ settings: async () => "against another" });
    expect(made()).toBe(2);
  });

  it("leaves what is still being written", async () => {
    const { run, notes, write } = watched({ "1.pt": "10", "2.pt": "20" });
    let length = 3;
    const timer = setInterval(() => write("2.pt", "2".repeat(length++)), 1);
    expect(await run({ seconds: 0.2 })).toEqual({ scored: 1, failed: 0 });
    clearInterval(timer);
    expect(notes).toEqual(["2.pt is still being written: it is not scored"]);
  });

  it("refuses a folder that is not there, and a command without places", async () => {
    const { run } = watched({});
    await expect(run({ folder: "/nowhere" })).rejects.toThrow(/--watch \/nowhere: there is no such folder/);
    await expect(run({ sampleCommand: "python x.py" })).rejects.toThrow(UserError);
  });

  it("refuses results among the checkpoints, by a link too", async () => {
    const { run, folder } = watched({ "1.pt": "10" });
    const link = join(folder, "..", "link");
    symlinkSync(folder, link);
    for (const output of [folder, join(folder, "scores"), link, join(link, "scores")])
      await expect(run({ output })).rejects.toThrow(/--results .* lies in the watched folder/);
    expect(await run({ folder: link })).toEqual({ scored: 1, failed: 0 });
  });

  it("lets a bug of ours through", async () => {
    const { run } = watched({ "1.pt": "10" });
    const bug = new TypeError("x is undefined");
    await expect(run({ score: () => Promise.reject(bug) })).rejects.toBe(bug);
  });
});

describe("watch", () => {
  it("scores what comes, retries what failed when it is written again, and stops when told to", async () => {
    const { run, rows, write } = watched({ "1.pt": "10", "2.pt": "fail" });
    const stop = new AbortController();
    const all = run({
      once: false,
      signal: stop.signal,
      scored(name, { run: { samples } }) {
        rows.push([name, samples]);
        if (rows.length === 1) write("3.pt", "30");
        if (rows.length === 3) stop.abort();
      },
      note: (line) => line.startsWith("2.pt") && write("2.pt", "200"),
    });
    expect(await all).toEqual({ scored: 3, failed: 1 });
    expect(rows.sort()).toEqual([
      ["1.pt", 10],
      ["2.pt", 200],
      ["3.pt", 30],
    ]);
  });

  it("stops while the command runs, without a result or a failure", async () => {
    const { run, notes, output } = watched({ "1.pt": "wait" });
    const stop = new AbortController();
    const timer = setInterval(() => {
      if (existsSync(join(output, "1.pt.log")) && readFileSync(join(output, "1.pt.log"), "utf8") !== "")
        stop.abort();
    }, 20);
    expect(await run({ once: false, signal: stop.signal })).toEqual({ scored: 0, failed: 0 });
    clearInterval(timer);
    expect(notes).toEqual([]);
    expect(existsSync(join(output, "1.pt.result.json"))).toBe(false);
  });
});
