/** What `cost` prints. */
import { columnSize, quantity } from "../../reports/format.ts";
import { samplerText } from "../../reports/sampler-text.ts";
import type { Told } from "../contracts/elsewhere.ts";
import type { ElsewhereCost, EntryCost } from "../cost/entry-cost.ts";
import type { PublishedHours } from "../cost/hours.ts";
import type { NamedCost } from "../cost/named-cost.ts";
import { hasAutoencoder, trainingBill } from "../measure/autoencoder-bill.ts";
import { columns } from "./columns.ts";

/** How an autoencoder's training is billed. */
export interface Bill {
  /** "in full", "shared by 10", "free" */
  readonly name: string;
  readonly share: number;
}

const UNKNOWN = "–";
/** @param size of its column, by which the unit is chosen */
const macs = (value: number, size = value): string => quantity({ value, unit: "MAC", size });
const flops = (value: number, size = value): string => quantity({ value, unit: "FLOP", size });
const orUnknown = (value: number | null, text: (value: number) => string): string =>
  value === null ? "unknown" : text(value);
const count = (value: number | null): string => value?.toLocaleString("en") ?? UNKNOWN;
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
/** "131.3": in units of a billion. */
const giga = (value: number): string => (value / 1e9).toFixed(1);

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

const allTraining = ({ pretrained, training }: EntryCost) => [...pretrained, ...training];

/** The record of an entry in JSON: its bills beside its lines. */
export const billed = (cost: EntryCost, bills: readonly Bill[]) => ({
  ...cost,
  bills: bills.map((bill) => ({ autoencoder: bill.name, ...trainingBill(allTraining(cost), bill.share) })),
});

/** Every line of its ledger, its bills, and an image's sampling. */
export function entryText(title: string, cost: EntryCost, bills: readonly Bill[]): string {
  const { training, resolution, pretrained } = cost;
  return lines([
    `${title} at ${resolution} px`,
    "",
    ...(pretrained.length + training.length === 0 ? [] : [...trainingTable(cost, bills), ""]),
    ...samplingTable(cost),
    ...(cost.resamplings.length === 0 ? [] : ["", ...resamplingTable(cost)]),
    ...(cost.milestones.length === 0 ? [] : ["", ...milestoneTable(cost)]),
  ]);
}

/** What is known of an entry whose images are made elsewhere. */
export function elsewhereText({ name, resolution, elsewhere, resamplings }: ElsewhereCost): string {
  const { calls, macs: work, parameters, trainFlops, decoder } = elsewhere;
  const told = (told: Told | null, unit: string): [string, string] =>
    told === null ? ["unknown", ""] : [quantity({ value: told.value, unit }), told.by];
  return lines([
    `${name} at ${resolution} px, made elsewhere, where nothing is counted`,
    "",
    ...columns([
      ["", "", ""],
      ["training", ...told(trainFlops, "FLOP")],
      ["network calls an image", ...told(calls, "calls")],
      ...(decoder ? [["decoder calls an image", ...told(decoder.calls, "calls")]] : []),
      ["MACs an image", ...told(work, "MAC")],
      ...(decoder ? [["of them the decoder's", ...told(decoder.macs, "MAC")]] : []),
      ["parameters", ...told(parameters, "parameters")],
    ]).slice(1),
    ...(resamplings.length === 0 ? [] : ["", ...resamplingTable({ resamplings })]),
  ]);
}

function trainingTable(cost: EntryCost, bills: readonly Bill[]): string[] {
  const { pretrained, training, encodingEveryStepMacs } = cost;
  const all = allTraining(cost);
  const totals = (hasAutoencoder(all) ? bills : bills.slice(0, 1)).map(({ name, share }) => ({
    ...trainingBill(all, share),
    title: hasAutoencoder(all) ? `in all, VAE ${name}` : "in all",
  }));
  const most = {
    macs: columnSize([...training, ...totals].map((line) => line.macs)),
    flops: columnSize([...pretrained, ...training, ...totals].map((line) => line.flops)),
    images: columnSize(training.map(({ images }) => images)),
    tripled: columnSize(training.map(({ forwardMacs }) => 3 * forwardMacs)),
  };
  const elsewhere = pretrained.map(({ stage, file, steps, flops: work }) => [
    work === null
      ? `${stage} (${file}, which does not tell)`
      : `${stage} (elsewhere, by the account of ${file})`,
    count(steps),
    UNKNOWN,
    UNKNOWN,
    "unknown",
    orUnknown(work, (value) => flops(value, most.flops)),
  ]);
  const rows = training.map((line) => [
    line.stage,
    count(line.steps),
    count(line.batchSize),
    quantity({ value: line.images, unit: "parameters", size: most.images }),
    macs(line.macs, most.macs),
    flops(line.flops, most.flops),
    `×${(line.macs / line.forwardMacs).toFixed(2)}`,
    line.kind === "encoding" ? UNKNOWN : macs(3 * line.forwardMacs, most.tripled),
  ]);
  const inAll = totals.map((total) => [
    total.title,
    "",
    "",
    "",
    orUnknown(total.macs, (value) => macs(value, most.macs)),
    orUnknown(total.flops, (value) => flops(value, most.flops)),
  ]);
  return [
    ...columns([
      ["training", "steps", "batch", "images", "MACs", "FLOPs", "forward", "×3 rule"],
      ...elsewhere,
      ...rows,
      ...inAll,
    ]),
    ...(encodingEveryStepMacs === null
      ? []
      : [`encoding every image anew at every step instead: ${macs(encodingEveryStepMacs)}`]),
  ];
}

function samplingTable(cost: EntryCost): string[] {
  const { sampling, nfe, decoderCalls, macsPerImage, macsPerCall, attentionMacsPerCall } = cost;
  return [
    ...columns([
      ["sampling an image", "calls", "MACs", "FLOPs", "parameters"],
      ...sampling.map(({ stage, kind, macs: work, flops: operations, parameters }) => [
        kind === "decoding" ? "decoder" : stage.replace("sampling", "network"),
        count(kind === "decoding" ? decoderCalls : nfe),
        macs(work, macsPerImage),
        flops(operations, columnSize(sampling.map((line) => line.flops))),
        quantity({
          value: parameters,
          unit: "parameters",
          size: columnSize(sampling.map((line) => line.parameters)),
        }),
      ]),
      ["in all", "", macs(macsPerImage)],
    ]),
    `a call: ${macs(macsPerCall)} with attention's two products, ${macs(macsPerCall - attentionMacsPerCall)} without`,
    `sampler: ${samplerText(cost.sampler)}`,
    ...(cost.adaptive
      ? ["it chooses its steps by what the network says: these calls are those on a network that answers 0"]
      : []),
  ];
}

function resamplingTable({ resamplings }: Pick<EntryCost, "resamplings">): string[] {
  const most = {
    macs: columnSize(resamplings.map(({ macsPerImage }) => macsPerImage)),
    samples: columnSize(resamplings.map(({ sampleFlops }) => sampleFlops)),
    trials: columnSize(resamplings.map(({ trialFlops }) => trialFlops)),
  };
  return columns([
    ["sampled again", "calls", "decoder", "MACs an image", "FLOPs of samples", "FLOPs of trials"],
    ...resamplings.map(({ name, nfe, decoderCalls, macsPerImage, sampleFlops, trialFlops }) => [
      name,
      count(nfe),
      count(decoderCalls),
      orUnknown(macsPerImage, (value) => macs(value, most.macs)),
      orUnknown(sampleFlops, (value) => flops(value, most.samples)),
      trialFlops === 0 ? UNKNOWN : orUnknown(trialFlops, (value) => flops(value, most.trials)),
    ]),
  ]);
}

const milestoneTable = ({ milestones }: EntryCost): string[] =>
  columns([
    ["sampled on the way", "FLOPs of samples"],
    ...milestones.map(({ name, sampleFlops }) => [name, flops(sampleFlops)]),
  ]);

/** What its authors and others printed, and what our count had to assume. */
export function besidePublished({ published, notes }: NamedCost): string {
  const { model, fid, nfe, gflops, gflopsConvention, paramsM } = published;
  const call = gflops === null ? UNKNOWN : `${gflops} (${gflopsConvention})`;
  return lines([
    `published for ${model}: FID ${fid}; NFE ${count(nfe)}; GMAC a call ${call}; ${count(paramsM)} M parameters`,
    ...notes,
  ]);
}

/** A line a model, what was printed of it beside what is counted. */
export function overview(costs: readonly NamedCost[], bills: readonly Bill[]): string {
  const rows = costs.map((cost) => {
    const { name, published, nfe, macsPerCall, attentionMacsPerCall, macsPerImage, training } = cost;
    const priced = hasAutoencoder(training) ? bills : bills.slice(0, 1);
    const paid = priced.map(({ share }) => (trainingBill(training, share).macs / 1e18).toFixed(0));
    return [
      name,
      `${giga(macsPerCall)} (${giga(macsPerCall - attentionMacsPerCall)})`,
      count(published.gflops),
      count(nfe),
      count(published.nfe),
      (macsPerImage / 1e12).toPrecision(3),
      training.length === 0 ? UNKNOWN : [...new Set(paid)].join(" / "),
      `${published.fid}`,
      published.model,
    ];
  });
  const ways = bills.map(({ name }) => name).join(" / ");
  return lines([
    ...columns([
      ["model", "GMAC a call", "printed", "NFE", "printed", "TMAC/image", "training, EMAC", "FID", "of"],
      ...rows,
    ]),
    "",
    "MACs are counted from programs, attention's two products in (without them in parentheses); 2 FLOPs a MAC.",
    "TMAC/image: all calls, guidance's too, and one decoding. FID and what is printed: `epg-bench published`.",
    `Training EMAC: every stage; with an autoencoder, it ${ways}, equal bills once.`,
  ]);
}

/** Hours beside our count, and what each implies of the other. */
export function hoursText({ claims, readings, ratios }: PublishedHours, bills: readonly Bill[]): string {
  return lines([
    ...columns([
      ["published hours", "hours", "on", "our MACs", "utilisation"],
      ...claims.map(({ what, hours, hardware, macs: work, atLeast, utilisation }) => [
        what,
        `${hours}`,
        hardware,
        `${atLeast ? "≥ " : ""}${macs(work)}`,
        `${atLeast ? "≥ " : ""}${percent(utilisation)}`,
      ]),
    ]),
    "",
    "Utilisation: 2·MACs over the hours, of 989 TFLOP/s (dense bfloat16) a device.",
    ...readings.map(
      ({ meaning, utilisation, pretrainingHours, relativeError }) =>
        `139 h as ${meaning}: its ${percent(utilisation)} makes 57 h of pre-training ${pretrainingHours.toFixed(1)} h (${relativeError < 0 ? "−" : "+"}${percent(Math.abs(relativeError))}).`,
    ),
    "",
    ...columns([
      ["EPG-XL / VAE + DiT-XL/2", "hours", "hours, 139 h in all", "MACs", "MACs, encoding every step"],
      ...ratios.map(({ hours, macs: work, macsEncodingEveryStep }, i) => [
        `VAE ${bills[i]!.name}`,
        ...hours.map(percent),
        percent(work),
        percent(macsEncodingEveryStep),
      ]),
    ]),
  ]);
}
