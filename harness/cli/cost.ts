import { type Command, InvalidArgumentError, Option } from "commander";
import type { ElsewhereCost, EntryCost } from "../cost/entry-cost.ts";
import type { NamedCost } from "../cost/named-cost.ts";
import { UserError } from "../errors.ts";
import { MODELS_SHARING } from "../measure/autoencoder-bill.ts";
import { GPUS, type GpuName } from "../measure/gpus.ts";
import { wholeNumber } from "./arguments.ts";
import type { Bill } from "./cost-text.ts";
import { writeJson } from "./output-file.ts";

interface CostFlags {
  readonly config?: string;
  readonly data?: string;
  readonly vae?: Bill;
  readonly gpus?: number;
  readonly gpu: GpuName;
  readonly utilisation?: number;
  readonly json?: string;
}

export function define(command: Command): void {
  command
    .argument("[model]", "a published one by name; without it and without --config, all of them")
    .option("-c, --config <file>", "the entries of a config")
    .option("--data <folder>", "images in place of the config's data set, as for `run`")
    .option(
      "--vae <bill>",
      "bill an autoencoder's training in full, shared:K (K models use it) or free (default: all three)",
      billOf,
    )
    .addOption(
      new Option("--gpus <n>", "tell what training takes on so many GPUs, in time, memory and communication")
        .argParser(wholeNumber(1, 1_000_000))
        .conflicts("vae"),
    )
    .addOption(new Option("--gpu <name>", "their kind").choices(Object.keys(GPUS)).default("h200"))
    .option(
      "--utilisation <percent>",
      "part of their peak that training reaches (default: what EPG-XL's published 57 h + 139 h imply)",
      percentOf,
    )
    .option("--json <file>", "write it as JSON; - for stdout, in place of the text")
    .action(cost);
}

function billOf(text: string): Bill {
  if (text === "full") return { name: "in full", share: 1 };
  if (text === "free") return { name: "free", share: 0 };
  const models = Number(/^shared:([1-9]\d{0,5})$/.exec(text)?.[1]);
  if (models > 0) return { name: `shared by ${models}`, share: 1 / models };
  throw new InvalidArgumentError("It must be full, shared:K with a whole number K, or free.");
}

function percentOf(text: string): number {
  const percent = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (percent > 0 && percent <= 100) return percent / 100;
  throw new InvalidArgumentError("It must be a percentage above 0 and at most 100.");
}

const ALL_BILLS = ["full", `shared:${MODELS_SHARING}`, "free"].map(billOf);

async function cost(model: string | undefined, flags: CostFlags): Promise<void> {
  const { config, data, vae, gpus, utilisation, json } = flags;
  if (model !== undefined && config !== undefined)
    throw new UserError(`both the model ${model} and --config were given`, "give one of them");
  if (config === undefined && data !== undefined)
    throw new UserError("--data was given without --config", "name the config whose data set it replaces");
  if (gpus === undefined && utilisation !== undefined)
    throw new UserError("--utilisation was given without --gpus", "say on how many GPUs: --gpus 8");
  const bills = vae ? [vae] : ALL_BILLS;
  const { told, record } =
    gpus !== undefined
      ? await onGpus(gpus, model, flags)
      : config !== undefined
        ? await ofConfig(config, data, bills)
        : model !== undefined
          ? await ofModel(model, bills)
          : await ofAll(bills);
  if (json === undefined) process.stdout.write(told);
  else await writeJson(json, record);
}

interface Answer {
  readonly told: string;
  readonly record: unknown;
}

async function costsOf(file: string, data: string | undefined): Promise<(EntryCost | ElsewhereCost)[]> {
  const [{ loadConfig }, { entryCosts }] = await Promise.all([
    import("../config/index.ts"),
    import("../cost/entry-cost.ts"),
  ]);
  const note = (line: string): boolean => process.stderr.write(`${line}\n`);
  return entryCosts(await loadConfig({ file, folder: process.cwd(), overrides: { data }, note }));
}

async function ofConfig(file: string, data: string | undefined, bills: readonly Bill[]): Promise<Answer> {
  const { elsewhereText, entryText, billed } = await import("./cost-text.ts");
  const costs = await costsOf(file, data);
  return {
    told: costs
      .map((one) => ("elsewhere" in one ? elsewhereText(one) : entryText(one.name, one, bills)))
      .join("\n"),
    record: { entries: costs.map((one) => ("elsewhere" in one ? one : billed(one, bills))) },
  };
}

async function ofModel(name: string, bills: readonly Bill[]): Promise<Answer> {
  const [{ namedCost }, { entryText, besidePublished, billed }] = await Promise.all([
    import("../cost/named-cost.ts"),
    import("./cost-text.ts"),
  ]);
  const found = await namedCost(name);
  return {
    told: entryText(found.title, found, bills) + besidePublished(found),
    record: { entries: [billed(found, bills)] },
  };
}

async function ofAll(bills: readonly Bill[]): Promise<Answer> {
  const [{ namedCost, modelNames }, { publishedHours }, { overview, hoursText, billed }] = await Promise.all([
    import("../cost/named-cost.ts"),
    import("../cost/hours.ts"),
    import("./cost-text.ts"),
  ]);
  const costs: NamedCost[] = [];
  for (const name of modelNames()) costs.push(await namedCost(name));
  const named = (name: string) => costs.find((one) => one.name === name)!;
  const shares = bills.map(({ share }) => share);
  const hours = publishedHours(named("epg-xl-256"), named("dit-xl2-256"), shares);
  return {
    told: `${overview(costs, bills)}\n${hoursText(hours, bills)}`,
    record: { entries: costs.map((one) => billed(one, bills)), hours },
  };
}

async function onGpus(
  count: number,
  model: string | undefined,
  { config, data, gpu, utilisation }: CostFlags,
): Promise<Answer> {
  const [{ namedCost, modelNames }, { impliedUtilisation }, { onGpus }, { gpusText }] = await Promise.all([
    import("../cost/named-cost.ts"),
    import("../cost/hours.ts"),
    import("../cost/on-gpus.ts"),
    import("./gpus-text.ts"),
  ]);
  const implied = impliedUtilisation(await namedCost("epg-xl-256"));
  const gpus = { gpu: GPUS[gpu], count, utilisation: utilisation ?? implied.utilisation };
  const costs = config === undefined ? [] : await costsOf(config, data);
  for (const name of config !== undefined ? [] : model !== undefined ? [model] : modelNames())
    costs.push(await namedCost(name));
  const entries = costs.map((cost) =>
    "elsewhere" in cost ? { name: cost.name, stages: null } : { name: cost.name, stages: onGpus(cost, gpus) },
  );
  const estimate = { gpus, stated: utilisation !== undefined, implied, entries };
  return { told: gpusText(estimate), record: estimate };
}
