import { type Command, InvalidArgumentError } from "commander";
import type { NamedCost } from "../cost/named-cost.ts";
import { UserError } from "../errors.ts";
import { MODELS_SHARING } from "../measure/autoencoder-bill.ts";
import type { Bill } from "./cost-text.ts";
import { writeJson } from "./output-file.ts";

interface CostFlags {
  readonly config?: string;
  readonly vae?: Bill;
  readonly json?: string;
}

export function define(command: Command): void {
  command
    .argument("[model]", "a published one by name; without it and without --config, all of them")
    .option("-c, --config <file>", "the entries of a config")
    .option(
      "--vae <bill>",
      "bill an autoencoder's training in full, shared:K (K models use it) or free (default: all three)",
      billOf,
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

const ALL_BILLS = ["full", `shared:${MODELS_SHARING}`, "free"].map(billOf);

async function cost(model: string | undefined, { config, vae, json }: CostFlags): Promise<void> {
  if (model !== undefined && config !== undefined)
    throw new UserError(`both the model ${model} and --config were given`, "give one of them");
  const bills = vae ? [vae] : ALL_BILLS;
  const { told, record } =
    config !== undefined
      ? await ofConfig(config, bills)
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

async function ofConfig(file: string, bills: readonly Bill[]): Promise<Answer> {
  const [{ loadConfig }, { entryCosts }, { elsewhereText, entryText, billed }] = await Promise.all([
    import("../config/index.ts"),
    import("../cost/entry-cost.ts"),
    import("./cost-text.ts"),
  ]);
  const note = (line: string): boolean => process.stderr.write(`${line}\n`);
  const config = await loadConfig({ file, folder: process.cwd(), overrides: {}, note });
  const costs = await entryCosts(config);
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
