import { describe, expect, it } from "vitest";
import { ARM_NAMES, ARMS, type ArmName, byArm } from "../../../studies/claims/arms.ts";
import { factorsOf, type StepsByBudget, seedConfig, tuningConfig } from "../../../studies/claims/configs.ts";
import { resolve } from "../../../studies/claims/runs.ts";
import { readSettings } from "../../../studies/claims/settings.ts";
import { bestTrial, ratesOf } from "../../../studies/claims/study.ts";
import { study } from "./study.ts";

const settings = readSettings([]);
const stepsFor = (divisor: number) =>
  byArm(() => ({ "pre-training": 8 / divisor, "diffusion fine-tuning": 16 / divisor, VAE: 24, DiT: 32 }));
const steps: StepsByBudget = { 1: stepsFor(1), 2: stepsFor(2), 4: stepsFor(4), 8: stepsFor(8) };
const rates = ratesOf(study.trials);

/** The paths at which two plain values differ. */
function differences(a: unknown, b: unknown, path = ""): string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return [path];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(Reflect.get(a, key), Reflect.get(b, key), `${path}/${key}`));
}

describe("the configs of a study", () => {
  it("give every arm the same trials, on a seed of their own, by the training images", () => {
    const config = tuningConfig(settings, steps);
    expect(config).toMatchObject({ seed: 0, scoreAgainst: "train" });
    expect(Object.keys(config.entries)).toHaveLength(3 * ARM_NAMES.length);
    expect(factorsOf(3)).toEqual([0.5, 1, 2]);
    expect(factorsOf(1)).toEqual([1]);
    expect(seedConfig(settings, 1, steps, rates)).not.toHaveProperty("scoreAgainst");
  });

  it("differ between seeds in the seed alone", () => {
    const [one, two] = [1, 2].map((seed) => seedConfig(settings, seed, steps, rates));
    expect(differences(one, two)).toEqual(["/seed"]);
  });

  it("differ between arms in what the document names", () => {
    const training = { learningRate: 1e-3, steps: null };
    const from = (arm: ArmName) =>
      differences(ARMS["pre-trained"].entry(training), ARMS[arm].entry(training));
    expect(from("scratch, equal steps")).toEqual(["/options/pretraining/share"]);
    expect(from("scratch, equal FLOPs")).toEqual(["/options/pretraining/share"]);
    expect(from("constant temperature")).toEqual(["/options/pretraining/temperature"]);
    expect(from("interpolated temperature")).toEqual(["/options/pretraining/temperature"]);
    expect(from("one step")).toEqual([
      "/options/objective",
      "/options/sampler/kind",
      "/options/sampler/steps",
    ]);
  });

  it("are configs of the harness, with the tuned rates and planned steps", () => {
    const { entries } = resolve("claims-seed-1", seedConfig(settings, 1, steps, rates));
    expect(entries["one step"]!.options).toMatchObject({ learningRate: 0.00075 });
    expect(entries["pre-trained, B/4"]!.options).toMatchObject({ steps: 4, pretraining: { steps: 2 } });
    expect(entries["scratch, equal steps"]!.options).toMatchObject({ steps: 16 });
    expect(entries["VAE + DiT"]!.options).toMatchObject({ vae: { steps: 24 }, dit: { steps: 32 } });
  });
});

describe("the tuned rates", () => {
  it("are those of the lowest FD, the lower one at a tie, and never of a failure", () => {
    const trial = (factor: number, fd: number | null) => ({
      ...study.trials.find((one) => one.arm === "pre-trained" && one.factor === factor)!,
      fd,
    });
    const best = (...fds: (number | null)[]) =>
      bestTrial(
        fds.map((fd, k) => trial(factorsOf(3)[k]!, fd)),
        "pre-trained",
      )?.factor;
    expect(best(3, 2, 1)).toBe(2);
    expect(best(1, 1, 2)).toBe(0.5);
    expect(best(null, 5, null)).toBe(1);
    expect(best(null, null, null)).toBeUndefined();
  });
});

describe("the flags", () => {
  it("have the defaults of the document, and take numbers", () => {
    expect(readSettings([])).toMatchObject({ budget: 4e12, seeds: 3, trials: 3, samples: 256 });
    expect(readSettings(["--budget", "8e12", "--seeds", "5"])).toMatchObject({ budget: 8e12, seeds: 5 });
  });

  it.each([
    [["--budget", "many"], '--budget: "many"'],
    [["--seeds", "0"], '--seeds: "0"'],
    [["--samples", "3"], '--samples: "3"'],
    [["--seed", "1"], "--seed"],
  ])("refuse %j", (argv, message) => {
    expect(() => readSettings(argv)).toThrow(message);
  });
});
