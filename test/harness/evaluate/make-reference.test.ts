import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Making, makeReferenceFile } from "../../../harness/evaluate/make-reference.ts";
import { openReference } from "../../../harness/evaluate/reference.ts";
import { encodePng } from "../../../harness/formats/image.ts";
import { writeSafetensorsFile } from "../../../harness/formats/safetensors.ts";
import { recordFile } from "../../../harness/references/known.ts";
import { verifyReference } from "../../../harness/references/verify.ts";
import { expectedStateDict } from "../../../plugins/features/inception/state-dict.ts";
import { deterministicWeights } from "../../plugins/features/inception/deterministic-weights.ts";
import { exit, printed, watchOutput } from "../cli/command.ts";

watchOutput();

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  const dict = deterministicWeights(true);
  const tensors = expectedStateDict().map(({ name, shape }) => [
    name,
    { dtype: "float32", shape, data: dict.get(name)! },
  ]);
  await writeSafetensorsFile(join(folder, "w.safetensors"), Object.fromEntries(tensors));
  mkdirSync(join(folder, "photos"));
  for (let i = 0; i < 6; i++) {
    const data = Uint8Array.from({ length: 40 * 32 * 3 }, (_, k) => (k * (i + 7) + (k >> 5) * i) % 256);
    writeFileSync(join(folder, "photos", `${i}.png`), await encodePng({ width: 40, height: 32, data }));
  }
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const making = (change: Partial<Making> = {}): Making => ({
  images: join(folder, "photos"),
  name: "my-set",
  resolution: 32,
  as: "adm",
  weights: join(folder, "w.safetensors"),
  kept: 4,
  out: undefined,
  threads: 2,
  progress: { stage: () => ({ update() {}, done() {} }) },
  ...change,
});

/** Networks of 24 million weights are compiled. */
describe("makeReferenceFile", { timeout: 300_000 }, () => {
  it("makes a file that its name then stands for, and a record of how", async () => {
    const { reference, warnings } = await makeReferenceFile(making());
    expect(warnings).toEqual([expect.stringMatching(/not recognised as the published file/)]);
    expect(reference.made.file).toBe(join(folder, "cache", "epg-bench", "references", "my-set.npz"));
    expect(reference).toMatchObject({
      n: 6,
      resolution: 32,
      images: 4,
      statistics: { mu: 2048, mu_s: 2023 },
      convention: "adm",
      made: { extractorId: expect.stringMatching(/^inception@[0-9a-f]{64}$/), from: join(folder, "photos") },
    });
    expect(JSON.parse(readFileSync(recordFile("my-set"), "utf8"))).toEqual(reference);

    const source = await openReference("my-set");
    expect(source.images!.length).toBe(4);
    expect(source.statistics!.mean).toHaveLength(2048);
    expect(source.entry).toEqual(reference);
    await source.images!.close();
    expect(await verifyReference(reference)).toEqual({ sha256: reference.sha256, problems: [] });
  });

  it("makes files by clean-fid's names for clean-fid, elsewhere too, and warns of small images", async () => {
    const out = join(folder, "made", "here");
    const options = ["--as", "clean-fid-legacy-pytorch", "--weights", join(folder, "w.safetensors")];
    const sizes = ["--resolution", "48", "--images", "0", "--name", "theirs"];
    const photos = join(folder, "photos");
    expect(await exit("reference", "make", photos, "--out", out, ...sizes, ...options)).toBe(0);
    expect(printed.stdout).toBe(`${join(out, "theirs_legacy_pytorch_custom_na.npz")}\n`);
    expect(readdirSync(out)).toEqual(["theirs_legacy_pytorch_custom_na.npz"]);
    expect(printed.stderr).toContain("warning: 6 of 6 images are smaller than 48 px and were enlarged\n");
    printed.stdout = "";
    await exit("reference", "list");
    expect(printed.stdout).toMatch(/^theirs +48 +6 +- +inception +clean-fid-legacy-pytorch .* made here /m);
  });
});

describe("refused before anything is computed", () => {
  it.each([
    [{ name: "My Set" }, /--name My Set cannot be the name/],
    [{ name: "imagenet-256" }, /imagenet-256 is taken, by a published reference/],
    [{ images: "/nowhere" }, /there is no \/nowhere/],
    [{ weights: "/nowhere.pth" }, /weights of Inception-v3 are not at \/nowhere\.pth/],
    [{ as: "adn" }, /as.*"adm"/s],
  ])("%j", async (change, problem) => {
    const failure = await makeReferenceFile(making({ name: "other", ...change })).catch((error) => error);
    expect(`${failure.message} ${failure.fix}`).toMatch(problem);
    expect(failure.exitCode).toBe(2);
    expect(existsSync(recordFile("other"))).toBe(false);
  });

  it("a name and a file that are there", async () => {
    const file = join(folder, "cache", "epg-bench", "references", "third.npz");
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "");
    await expect(makeReferenceFile(making({ name: "third" }))).rejects.toThrow(/third\.npz is there already/);
    await expect(makeReferenceFile(making())).rejects.toThrow(/my-set is taken, by .*my-set\.npz/);
  });

  it("one image", async () => {
    mkdirSync(join(folder, "single"));
    writeFileSync(join(folder, "single", "0.png"), readFileSync(join(folder, "photos", "0.png")));
    await expect(
      makeReferenceFile(making({ name: "other", images: join(folder, "single") })),
    ).rejects.toThrow(/holds 1 image, and a covariance needs two/);
  });
});
