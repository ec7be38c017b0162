import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { EntryError, UserError } from "../../../../harness/errors.ts";
import type { Sampler } from "../../../../harness/plugin.ts";
import { createStream } from "../../../../harness/random/index.ts";
import model from "../../../../plugins/models/command/index.ts";
import { type CommandInput, schema } from "../../../../plugins/models/command/options.ts";

const SCRIPT = fileURLToPath(new URL("./misbehave.mjs", import.meta.url));
const TASK = { resolution: 16, classes: 4 };
const BATCH = 3;
const folder = mkdtempSync(join(tmpdir(), "epg-bench-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const opened: Sampler[] = [];
afterEach(async () => {
  for (const sampler of opened.splice(0)) await sampler.dispose();
});

async function start(how: string, input: Partial<CommandInput> = {}): Promise<Sampler> {
  const options = schema.parse({
    command: [process.execPath, SCRIPT, how, folder],
    startSeconds: 20,
    batchSeconds: 5,
    ...input,
  });
  const runtime = { compile: () => Promise.reject(new Error("nothing is compiled")) };
  const sampler = await model.sampler(options, TASK, {}, runtime, BATCH, { baseFolder: folder });
  opened.push(sampler);
  return sampler;
}

const streams = () => Array.from({ length: BATCH }, (_, k) => createStream(0, "sample", k));
const sample = (sampler: Sampler, labels = [0, 1, 2]): Promise<Uint8Array> =>
  sampler.sample(streams(), labels);
const AREA = 3 * TASK.resolution ** 2;

describe("a command", () => {
  it("is asked for every image by its seed and its label, and started once", async () => {
    const sampler = await start("well");
    const images = await sample(sampler, [3, -1, -1]);
    expect(images).toHaveLength(BATCH * AREA);
    const [first, second, third] = [0, 1, 2].map((k) => images.subarray(k * AREA, (k + 1) * AREA));
    expect(new Set(first)).toEqual(new Set([3]));
    expect(new Set(second).size).toBe(1);
    expect(second![0]).not.toBe(third![0]);
    expect(await sample(sampler, [3, -1, -1])).toEqual(images);
    // It counts what it is asked: 10 calls an image in the first batch, 20 in the second.
    expect(sampler.calls!()).toEqual({ value: 15, by: "reported" });
  });

  it("may answer with a folder of images, in the order of the numbers in their names", async () => {
    const sampler = await start("folder");
    const images = await sample(sampler);
    expect([0, 1, 2].map((k) => images[k * AREA])).toEqual([0, 1, 2]);
    expect(sampler.calls!()).toEqual({ value: 5, by: "reported" });
  });

  it("reports calls only where every batch does", async () => {
    const sampler = await start("sometimes");
    await sample(sampler);
    await sample(sampler);
    expect(sampler.calls!()).toBeNull();
  });

  it.each([
    [
      "exit early",
      /ended with exit code 1 before it answered; .*stderr: loading weights \| RuntimeError: out of memory$/,
    ],
    ["garbage", /answered "Sampling: 100%", which is not one line of .*print to stderr/],
    ["flood", /answered "xxx+", which is not one line/],
    ["more", /sent 4 bytes or more beyond the 2304 of 3 images of 16×16, RGB/],
    ["fewer", /answered 2 frames: 3 images of 16×16 were asked for/],
    ["other size", /made .*0\.png of 8×8: 3 images of 16×16 were asked for/],
    ["too many files", /with 4 PNG or JPEG files: 3 images of 16×16 were asked for/],
    ["no folder", /answered the folder .*nowhere, which cannot be read/],
    ["no image", /made .*0\.png, which cannot be read: /],
  ])("is ended with one sentence: %s", async (how, reason) => {
    const error = await sample(await start(how)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EntryError);
    expect((error as Error).message).toMatch(/^the program ".*misbehave/);
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).not.toContain("\n");
    expect((error as Error).message.length).toBeLessThan(6000);
  });

  it.each([
    ["silence", /sent nothing in 0\.8 s: 3 images of 16×16 were asked for/],
    ["flood of errors", /sent nothing in 0\.8 s: .* stderr: x+$/],
    ["short", /sent 10 of 2304 bytes of frames in 0\.8 s/],
  ])("is ended when it takes too long: %s", async (how, reason) => {
    const sampler = await start(how, { startSeconds: 0.4, batchSeconds: 0.4 });
    await expect(sample(sampler)).rejects.toThrow(reason);
  });

  it("may exit half-way", async () => {
    const sampler = await start("half-way");
    await sample(sampler);
    await expect(sample(sampler)).rejects.toThrow(
      /ended with exit code 1 after 10 of 2304 bytes of frames; .*ValueError: no such class$/,
    );
  });

  it("is ended with all that it started", async () => {
    const pidFile = join(folder, "child");
    const sampler = await start("", {
      command: ["sh", "-c", `sleep 600 & echo $! > ${pidFile}; wait`],
      startSeconds: 0.5,
      batchSeconds: 0.5,
    });
    await expect(sample(sampler)).rejects.toThrow(/sent nothing/);
    const pid = readFileSync(pidFile, "utf8").trim();
    // A zombie that nobody reaps is ended too.
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z";
    expect(state).toMatch(/\) [ZX]/);
  });
});

describe("what a command depends on", () => {
  const identity = (input: CommandInput) =>
    model.identity!(schema.parse(input), TASK, { baseFolder: folder });

  it("is its program, the arguments that are files, and files", async () => {
    writeFileSync(join(folder, "weights"), "1");
    writeFileSync(join(folder, "model.js"), "1");
    const whole = { command: ["sh", "model.js", "--fast"], files: ["weights"] };
    const first = await identity(whole);
    expect(await identity({ ...whole, command: ["sh", "model.js", "--slow"] })).toBe(first);
    writeFileSync(join(folder, "weights"), "2");
    const second = await identity(whole);
    writeFileSync(join(folder, "model.js"), "2");
    const third = await identity(whole);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it.each([
    [{ command: ["no-such-program-here"] }, /^command: no program "no-such-program-here" on the PATH/],
    [{ command: ["./model"] }, /^command: no program that can be run at .*model/],
    [{ command: ["sh"], files: ["none.pt"] }, /^files: no file .*none\.pt/],
  ])("is missed before anything runs: %j", async (input, reason) => {
    const error = await identity(input).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(reason);
  });

  it("is told by its options, and unknown without them", () => {
    const told = (input: Partial<CommandInput>) =>
      model.elsewhere!(schema.parse({ command: ["sh"], ...input }), TASK, { baseFolder: folder });
    expect(told({})).toEqual({
      calls: null,
      macs: null,
      parameters: null,
      trainFlops: null,
      ownProcess: true,
    });
    expect(told({ calls: 50, macs: 0 })).toMatchObject({
      calls: { value: 50, by: "declared" },
      macs: { value: 0, by: "declared" },
    });
  });
});
