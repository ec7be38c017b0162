import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunRequest } from "../../../harness/run/index.ts";
import type { Harness } from "../../../studies/claims/harness.ts";
import { resolve, resultOf } from "../../../studies/claims/runs.ts";
import { pointsOf, trialsOf, yardsticksOf } from "../../../studies/claims/study.ts";
import { fixtureResult, rowOf } from "../../fixtures/result.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const config = resolve("claims-seed-1", {
  dataset: { kind: "dataset", plugin: "shapes" },
  entries: { "pre-trained": { kind: "model", plugin: "epg" } },
});

/** A harness whose runs end at once; it tells how they were asked for. */
function recording(stands = config) {
  const asked: Pick<RunRequest, "resume" | "dryRun">[] = [];
  const harness = {
    RESOLVED_FILE: "config.resolved.json",
    readResolved: () => stands,
    run: async ({ resume, dryRun }: RunRequest) => {
      asked.push({ resume, dryRun });
      return { kind: "finished", result: fixtureResult(7) };
    },
  } as unknown as Harness;
  return { harness, asked };
}

function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = join(temporaryFolder(), "seed-1");
  mkdirSync(folder);
  for (const [name, value] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(value));
  return folder;
}

const request = (folder: string) => ({ config, folder, command: "" }) as RunRequest;

describe("a run of a study", () => {
  it("begins where there is none", async () => {
    const { harness, asked } = recording();
    expect((await resultOf(harness, request(folderWith({}))))!.run.seed).toBe(7);
    expect(asked).toEqual([{ resume: false, dryRun: false }]);
  });

  it("goes on where it broke off, with a result or without", async () => {
    const broken = fixtureResult();
    broken.run.status = "incomplete";
    for (const files of [{}, { "result.json": broken }]) {
      const { harness, asked } = recording();
      await resultOf(harness, request(folderWith({ "config.resolved.json": config, ...files })));
      expect(asked).toEqual([{ resume: true, dryRun: false }]);
    }
  });

  it("is read where it is complete", async () => {
    const { harness, asked } = recording();
    const folder = folderWith({ "config.resolved.json": config, "result.json": fixtureResult() });
    expect(await resultOf(harness, request(folder))).toEqual(fixtureResult());
    expect(asked).toEqual([]);
  });

  it("is refused where the folder holds another", async () => {
    const { harness } = recording({ ...config, seed: 5 });
    const folder = folderWith({ "config.resolved.json": config });
    await expect(resultOf(harness, request(folder))).rejects.toThrow("other settings");
  });
});

describe("what is read from a result", () => {
  const result = fixtureResult(3);
  for (const one of [...result.results, ...result.run.entries]) {
    const key = "entry" in one ? "entry" : "name";
    const name = String(Reflect.get(one, key));
    Reflect.set(one, key, { "EPG, Heun 16": "pre-trained", "EPG, one step": "one step" }[name] ?? name);
  }

  it("are the scores and costs of every point, null where there are none", () => {
    const points = pointsOf(result);
    const at = (arm: string, divisor: number) =>
      points.find((point) => point.arm === arm && point.divisor === divisor)!;
    const value = (metric: string) => rowOf(result, "pre-trained", metric).value;
    expect(at("pre-trained", 1)).toEqual({
      arm: "pre-trained",
      seed: 3,
      divisor: 1,
      fd: value("fd"),
      kid: value("kid"),
      accuracy: value("class-accuracy"),
      trainFlops: value("total-train-flops"),
      nfe: value("nfe"),
      failure: null,
    });
    expect(at("pre-trained", 8)).toMatchObject({ fd: null, trainFlops: null });
    expect(at("one step", 1).fd).not.toBeNull();
  });

  it("are trials by the training images", () => {
    for (const row of result.results)
      if (row.entry === "pre-trained" && row.metric === "fd-efficientnet-lite0") row.metric += "-train";
    for (const row of result.results)
      if (row.entry === "pre-trained") row.entry = "pre-trained, learning rate ×1";
    const [trial] = trialsOf(result, 1);
    expect(trial).toMatchObject({ arm: "pre-trained", factor: 1, learningRate: 1.5e-3 });
    expect(trial!.fd).toBe(
      rowOf(result, "pre-trained, learning rate ×1", "fd-efficientnet-lite0-train").value,
    );
  });

  it("are the yardsticks' FD", () => {
    const names = result.run.entries.filter(({ kind }) => kind === "reference-point").map(({ name }) => name);
    expect(yardsticksOf(result).map(({ name }) => name)).toEqual(names);
    expect(names.length).toBeGreaterThan(0);
  });
});
