/** Every mistake in a config is told as field, value and fix. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../harness/config/index.ts";
import { config, load, mistake, repository } from "./config.ts";

/** What is written, and what the message must hold. */
type Case = readonly [name: string, text: string, ...parts: string[]];

const FIELDS: readonly Case[] = [
  ["an unknown key", config("smaples: 3"), "unknown key `smaples`", 'did you mean "samples"?'],
  ["too few samples", config("samples: 1"), "`samples` must be at least 4, got 1"],
  ["a fraction", config("samples: 2.5"), "`samples` must be a whole number, got 2.5"],
  ["a text for a number", config('seed: "3"'), '`seed` must be a number, got "3"'],
  ["a negative seed", config("seed: -1"), "`seed` must be at least 0, got -1"],
  ["a NaN", config("seed: NaN"), "`seed` must be plain data, got NaN"],
  ["a function", config("seed: () => 3"), "`seed` must be plain data, got () => 3"],
  ["an instance", config("seed: new Map()"), "`seed` must be plain data, got a Map"],
  [
    "a near word",
    config('labels: "balancd"'),
    '`labels` must be one of "balanced"',
    'did you mean "balanced"?',
  ],
  ["no entries", config("", ""), "`entries`", "needs at least one entry", "got {}"],
  ["no data set", "export default { entries: {} }", "`dataset` is missing"],
  [
    "a data set by its name",
    'import { epg } from "epg-bench"; export default { dataset: "shapes", entries: { A: epg() } };',
    "`dataset`",
    'expected what shapes(), imageFolder({ folder }) or npz({ file }) gives, got "shapes"',
  ],
  [
    "entries in a list",
    'import { epg, shapes } from "epg-bench"; export default { dataset: shapes(), entries: [epg()] };',
    "`entries`",
    'expected entries by their names: { "my EPG": epg() }, got [',
  ],
  [
    "a number for a budget",
    config("budget: 1e12"),
    "`budget` must be an object { trainingFlops }, got 1",
    "or drop it",
  ],
  ["null for what may be left out", config("samples: null"), "fix: set it to a number, or drop it"],
  ["a data set as an entry", config("", "A: shapes()"), '`entries.A.kind` must be "model", got "dataset"'],
  [
    "a budget of nothing",
    config("budget: { trainingFlops: 0 }"),
    "`budget.trainingFlops` must be more than 0, got 0",
  ],
  [
    "a part of the training that is more than it",
    config("milestones: [25]"),
    "`milestones[0]` must be less than 1, got 25",
    "set it to less than 1",
  ],
  [
    "a part of the training twice",
    config("milestones: [0.3333333, 0.33333]"),
    "`milestones`",
    "names a part of the training twice",
  ],
  [
    "a comparison of no calls",
    config("comparison: { calls: [0] }"),
    "`comparison.calls[0]` must be at least 1, got 0",
  ],
  [
    "the same calls twice",
    config("comparison: { calls: [7, 7] }"),
    "`comparison.calls`",
    "names a number of calls twice",
  ],
  [
    "guidance that guides nothing",
    config("comparison: { guidance: [1, 2] }"),
    "`comparison.guidance[0]`",
    "scale 1 is no guidance, which has rows of its own",
  ],
  [
    "a gate of no level",
    config('gates: { kid: ["eror", { equal: true }] }'),
    "gates.kid",
    '"eror"',
    '"error"',
  ],
  ["no object", "export default 3", "`the config` must be an object, got 3"],
  ["no baseline file", config('baseline: "none.json"'), "none.json"],
];

const OPTIONS: readonly Case[] = [
  [
    "an unknown option",
    config("", '"EPG, 16": epg({ sise: "tiny" })'),
    'unknown key `entries["EPG, 16"].options.sise`',
    'did you mean "size"?',
  ],
  [
    "an unknown option inside",
    config("", "A: epg({ pretraining: { shar: 0.2 } })"),
    "unknown key `entries.A.options.pretraining.shar`",
    'did you mean "share"?',
  ],
  [
    "a value out of a list",
    config("", 'A: epg({ size: "tinny" })'),
    '`entries.A.options.size` must be one of "tiny"',
    'got "tinny"',
    'did you mean "tiny"?',
  ],
  [
    "an unknown kind in a union",
    config("", 'A: epg({ sampler: { kind: "huen", steps: 4 } })'),
    "`entries.A.options.sampler.kind` must be one of",
    'did you mean "heun"?',
  ],
  [
    "a value inside a union",
    config("", "A: epg({ sampler: heun(1) })"),
    "`entries.A.options.sampler.steps`",
    "at least 2",
    "got 1",
  ],
  [
    "noise levels that do not fall",
    config("", "A: epg({ sampler: heun(8, { sigmaMin: 2, sigmaMax: 2 }) })"),
    "`entries.A.options.sampler.sigmaMin`",
    "sigmaMin (2) must be below sigmaMax (2)\n",
    "default, 0.002",
  ],
  [
    "churn at no level",
    config("", "A: epg({ sampler: edmStochastic(8, { churnLow: 3, churnHigh: 2 }) })"),
    "`entries.A.options.sampler.churnLow`",
    "churnLow (3) must be below churnHigh (2)\n",
  ],
  [
    "no steps at all",
    config("", "A: epg({ sampler: eulerSde(0) })"),
    "`entries.A.options.sampler.steps`",
    "at least 2",
    "got 0",
  ],
  [
    "an empty guidance interval",
    config("", "A: epg({ guidance: { scale: 2, low: 1.61 } })"),
    "`entries.A.options.guidance.low`",
    "the interval is empty: low (1.61) must be below high (1.61)\n",
  ],
  [
    "autoguidance in an empty interval",
    config("", "A: epg({ guidance: autoguidance({ scale: 2, low: 1, high: 1 }) })"),
    "`entries.A.options.guidance.low`",
    "the interval is empty: low (1) must be below high (1)\n",
  ],
  [
    "an empty interval of a file's guidance",
    config("", 'A: onnx({ file: "a.onnx", guidance: { scale: 2, low: 3, high: 1 } })'),
    "`entries.A.options.guidance.low`",
    "the interval is empty: low (3) must be below high (1)\n",
  ],
  [
    "a highest noise level below the lowest that is usual",
    config("", "A: epg({ sampler: heun(8, { sigmaMax: 0.001 }) })"),
    "`entries.A.options.sampler.sigmaMin`",
    "sigmaMin (0.002) must be below sigmaMax (0.001)\n",
  ],
  [
    "a batch of one",
    config("", "A: epg({ batchSize: 1 })"),
    "`entries.A.options.batchSize`",
    "at least 2 images a batch, got 1",
  ],
  ["no folder", config("dataset: imageFolder({})"), "`dataset.options.folder` is missing"],
  [
    "threads",
    config("backend: onnxruntime({ threads: 0 })"),
    "`backend.options.threads` must be at least 1, got 0",
  ],
];

const PLUGINS: readonly Case[] = [
  [
    "an unknown model",
    config("", 'A: { kind: "model", plugin: "egp" }'),
    'unknown model "egp"',
    'did you mean "epg"?',
    "known: epg, latent",
  ],
  ["an unknown extractor", config('features: "efficientnet"'), 'unknown features "efficientnet"'],
  ["an inherited name", config('features: "constructor"'), 'unknown features "constructor"'],
  ["an absent file", config('features: "./none.ts"'), "no file", "none.ts"],
];

const MODULES: readonly Case[] = [
  ["that throws", 'const a: number = 1;\n\nthrow new Error("bang");', "my.config.ts:3 throws: bang"],
  ["that does not parse", "\nexport default {;", "my.config.ts:2 throws: ParseError"],
  [
    "that imports what is not there",
    'import x from "nope-x";\nexport default x;',
    "my.config.ts",
    "'nope-x'",
  ],
  ["without a default export", "export const a = 1;", "has no default export"],
];

describe.each([
  ["a field", FIELDS],
  ["an option", OPTIONS],
  ["a plugin", PLUGINS],
  ["a module", MODULES],
])("%s", (_, cases) => {
  it.each(cases)("%s", async (_name, text, ...parts) => {
    const message = await mistake(load(text));
    for (const part of parts) expect(message).toContain(part);
    expect(message).not.toContain("    at ");
    expect(message).not.toContain("undefined");
    expect(message.split("\n")).toHaveLength(2);
  });
});

it("does not name a default of null or of an object's own, which is one that is derived", async () => {
  const settings = await mistake(load(config("", "A: epg({ pretraining: 5 })")));
  expect(settings.endsWith(" }, or drop it")).toBe(true);
  const told = await mistake(load(config("", "A: epg({ batchSize: 1 })")));
  expect(told.endsWith("fix: change `entries.A.options.batchSize`, or drop it")).toBe(true);
});

describe("a plugin of the user's", () => {
  it.each([
    ["throws", 'throw new Error("bang")', "the model plugin", "mine.ts:1 throws: bang"],
    ["lacks members", 'export default { name: "mine" }', "lacks schema, stages, sampler, deviations"],
    ["exports no plugin", "export default 3", "lacks name, schema"],
  ])("that %s", async (_name, text, ...parts) => {
    const folder = repository();
    writeFileSync(join(folder, "mine.ts"), text);
    writeFileSync(join(folder, "c.ts"), config("", 'A: { kind: "model", plugin: "./mine.ts" }'));
    const message = await mistake(loadConfig({ file: "c.ts", folder, overrides: {}, note() {} }));
    for (const part of parts) expect(message).toContain(part);
  });
});

it("a config that is not there", async () => {
  const attempt = loadConfig({ file: "none.ts", folder: repository(), overrides: {}, note() {} });
  expect(await mistake(attempt)).toContain("--config: no file");
});

it("a broken JSON config", async () => {
  expect(await mistake(load("{", {}, "my.json"))).toContain("my.json is not JSON");
});

it("--skip-unreadable where no folder is read", async () => {
  expect(await mistake(load(config(), { skipUnreadable: true }))).toContain("--skip-unreadable");
});
