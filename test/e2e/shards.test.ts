/** A run cut in shards and put together again, beside the same run in one piece with a cache of its own. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Result } from "../../harness/result.ts";
import { command, readResult, temporaryFolder, timeless } from "./cli.ts";

/** The program's batches of 50 are no whole batches of the extractor, those of the entry with weights are. */
const CONFIG = `import { command, defineConfig, heun, shapes, shippedEntries } from "epg-bench";
const [epg] = Object.values(shippedEntries());
export default defineConfig({
  dataset: shapes({ resolution: 32, train: 64, reference: 48, heldOut: 150 }),
  samples: 140,
  entries: {
    EPG: { ...epg, options: { ...epg.options, sampler: heun(2) } },
    program: command({ command: ["node", "model.mjs"], batchSize: 50 }),
  },
});
`;

const PROGRAM = `import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin })) {
  const { images, resolution } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ frames: images.length, calls: 3 }) + "\\n");
  for (const { seed, label } of images)
    process.stdout.write(Buffer.alloc(3 * resolution ** 2, String(seed) + "-" + label));
}
`;

const newFolder = (): string => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "some.config.ts"), CONFIG);
  writeFileSync(join(folder, "model.mjs"), PROGRAM);
  return folder;
};

const RUN = ["run", "-c", "some.config.ts", "--quick", "--quiet"];

async function succeed(folder: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await command(folder, args);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return String(stdout);
}

let single: Result;
let folder: string;

beforeAll(async () => {
  const whole = newFolder();
  folder = newFolder();
  const shard = (i: string) => succeed(folder, [...RUN, "--shard", i, "--output", i.replace("/", "of")]);
  // Two at a time, for they read files and start networks as long as they compute.
  await Promise.all([succeed(whole, [...RUN, "--output", "out"]), shard("1/3")]);
  await Promise.all([shard("2/3"), shard("1/2")]);
  await Promise.all([shard("3/3"), shard("2/2")]);
  single = readResult(whole);
}, 300_000);

describe("shards", () => {
  it.each([
    ["two", ["2of2", "1of2"]],
    ["three", ["3of3", "1of3", "2of3"]],
  ])("are, %s of them merged, the single run to the last bit", async (name, shards) => {
    rmSync(join(folder, ".epg-bench", "cache", "sample"), { recursive: true, force: true });
    rmSync(join(folder, ".epg-bench", "cache", "score"), { recursive: true, force: true });
    await succeed(folder, ["merge", ...shards, "--output", name, "--quiet"]);
    const merged = readResult(folder, name);
    expect(timeless(merged)).toEqual(timeless(single));
    expect(merged.run).toMatchObject({ status: "complete", configHash: expect.any(String) });
    const rows = merged.results.filter(({ deleteGroup }) => deleteGroup);
    expect(rows.length).toBeGreaterThan(4);
    const events = readFileSync(join(folder, name, "events.ndjson"), "utf8");
    expect(events).toMatch(/"event":"cached","job":"EPG: sampling"/);
  });

  const refused = async (...args: readonly string[]) => {
    const { stderr, exitCode } = await command(folder, [...args, "--quiet"]);
    expect(stderr).not.toContain("    at ");
    return { exitCode, stderr: String(stderr) };
  };

  it("that are missing, there twice or of another run are refused by name", async () => {
    expect(await refused("merge", "1of3", "3of3")).toEqual({
      exitCode: 24,
      stderr: expect.stringMatching(/^error: a shard is missing: 2\/3\n {2}fix: run .*--shard 2\/3/),
    });
    cpSync(join(folder, "1of3"), join(folder, "copy"), { recursive: true });
    expect(await refused("merge", "1of3", "copy", "3of3")).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining("error: 1of3 and copy are the same shard, shard 1 of 3"),
    });
    expect(await refused("merge", "1of3", "2of2")).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining(
        "2of2 (shard 2 of 2) is of another run than 1of3 (shard 1 of 3): cut in 2, not in 3",
      ),
    });
    cpSync(join(folder, "2of2"), join(folder, "seed"), { recursive: true });
    const record = readFileSync(join(folder, "seed", "shard.json"), "utf8");
    writeFileSync(join(folder, "seed", "shard.json"), record.replace('"seed": 0', '"seed": 7'));
    expect(await refused("merge", "1of2", "seed")).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining("is of another run than 1of2 (shard 1 of 2): seed 7, not 0"),
    });
    mkdirSync(join(folder, "empty"));
    expect(await refused("merge", "1of2", "empty")).toEqual({
      exitCode: 24,
      stderr: expect.stringContaining("empty holds no finished shard: it has no shard.json"),
    });
  });

  it("with a damaged or lost share are refused before anything is merged", async () => {
    cpSync(join(folder, "2of2"), join(folder, "torn"), { recursive: true });
    const { shares } = JSON.parse(readFileSync(join(folder, "torn", "shard.json"), "utf8"));
    const samples = join("torn", "shares", shares[0].key, "samples.npz");
    writeFileSync(join(folder, samples), "short");
    rmSync(join(folder, ".epg-bench", "cache", "sample"), { recursive: true, force: true });
    expect(await refused("merge", "1of2", "torn", "--output", "bad")).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/samples\.npz has 5 bytes, expected \d+/),
    });
    rmSync(join(folder, "torn", "shares", shares[0].key), { recursive: true });
    expect(await refused("merge", "1of2", "torn", "--output", "bad")).toEqual({
      exitCode: 24,
      stderr: expect.stringContaining('torn lacks its share of "EPG: sampling"'),
    });
  });

  it("that would have nothing to do are refused, and so is what is no shard", async () => {
    expect(await refused("run", "-c", "some.config.ts", "--shard", "2/9")).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(
        /the 140 images of entry "EPG" are 5 sampling batches of at most 32: too few for 9 shards\n {2}fix: use at most 5 shards/,
      ),
    });
    for (const text of ["4/3", "0/3", "3", "1/x"])
      expect((await refused("run", "--shard", text)).stderr).toContain("It must be i/n");
  });
});
