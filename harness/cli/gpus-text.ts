/** What `cost --gpus` prints: a line a stage, then everything it rests on. */
import { bytesText } from "../bytes.ts";
import type { ImpliedUtilisation } from "../cost/hours.ts";
import { type Gpus, linkOf, type StageOnGpus } from "../cost/on-gpus.ts";
import { GPUS_A_NODE } from "../measure/gpus.ts";
import { columns } from "./columns.ts";

interface Estimate {
  readonly gpus: Gpus;
  /** Whether somebody gave the utilisation; else it is the implied one. */
  readonly stated: boolean;
  readonly implied: ImpliedUtilisation;
  /** null: made elsewhere, where nothing is counted. */
  readonly entries: readonly { readonly name: string; readonly stages: readonly StageOnGpus[] | null }[];
}

const UNKNOWN = "–";
const number = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 3 });
const count = (value: number): string => value.toLocaleString("en");
const giga = (bytes: number): string => number(bytes / 1e9);
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
const orUnknown = (value: number | null, text: (value: number) => string): string =>
  value === null ? UNKNOWN : text(value);
const sum = (stages: readonly StageOnGpus[], of: "hours" | "gpuHours"): number =>
  stages.reduce((total, stage) => total + stage[of], 0);

export function gpusText(estimate: Estimate): string {
  const { gpus, entries } = estimate;
  const { gpu } = gpus;
  const table = columns([
    [
      "",
      "stage",
      "batch",
      "a GPU",
      "s a step",
      "hours",
      "GPU-hours",
      "sent a step, GB",
      "communication, ms a step",
      "memory a GPU, GB",
      "of it activations, GB",
    ],
    ...entries.flatMap(({ name, stages }) => rowsOf(name, stages)),
  ]);
  return `${[
    `training on ${count(gpus.count)} ${gpu.name} at ${percent(gpus.utilisation)} of their peak`,
    "",
    ...table,
    "",
    ...entries.flatMap(({ name, stages }) => misfits(name, stages ?? [], gpus)),
    ...assumptions(estimate),
  ].join("\n")}\n`;
}

function rowsOf(name: string, stages: readonly StageOnGpus[] | null): string[][] {
  if (stages === null) return [[name, "made elsewhere: not counted"]];
  if (stages.length === 0) return [[name, "nothing is trained here"]];
  const all =
    stages.length === 1
      ? []
      : [["", "in all", "", "", "", ...hoursOf(sum(stages, "hours"), sum(stages, "gpuHours"))]];
  return [
    ...stages.map((stage, i) => [
      i === 0 ? name : "",
      stage.stage,
      orUnknown(stage.batchSize, count),
      orUnknown(stage.imagesPerGpu, count),
      orUnknown(stage.stepSeconds, number),
      ...hoursOf(stage.hours, stage.gpuHours),
      orUnknown(stage.communication?.bytes ?? null, giga),
      orUnknown(stage.communication?.seconds ?? null, (seconds) => number(1000 * seconds)),
      orUnknown(stage.memory?.total ?? null, giga),
      orUnknown(stage.memory?.activations ?? null, giga),
    ]),
    ...all,
  ];
}

const hoursOf = (hours: number, gpuHours: number): string[] => [number(hours), number(gpuHours)];

const misfits = (name: string, stages: readonly StageOnGpus[], { gpu }: Gpus): string[] =>
  stages.flatMap(({ stage, memory }) =>
    memory === null || memory.fits
      ? []
      : [
          `${name}: ${stage} does not fit in the ${bytesText(gpu.memoryBytes)} of one ${gpu.name}: it wants ${wayOut(memory.recomputingTotal, gpu.memoryBytes)}`,
        ],
  );

function wayOut(recomputing: number | null, room: number): string {
  if (recomputing === null) return "more GPUs";
  const total = `${bytesText(recomputing)} a GPU with recompute: true`;
  return recomputing <= room ? `more GPUs, or ${total}` : `more GPUs, also for the ${total}`;
}

/** Every number that the table rests on, and where it is from. */
function assumptions({ gpus, stated, implied }: Estimate): string[] {
  const { gpu, utilisation } = gpus;
  const [first, then] = implied.claims;
  const link = `${bytesText(linkOf(gpus))}/s`;
  return [
    `Peak: ${gpu.peakFlops / 1e12} TFLOP/s of dense bfloat16 and ${bytesText(gpu.memoryBytes)} a GPU (${gpu.source}).`,
    `Utilisation: ${percent(utilisation)}, ${stated ? "as --utilisation says" : "what the published hours below imply"}; it is of wall time: waits for data and links are in it.`,
    `Published, EPG-XL: ${first.hours} h of pre-training and ${then.hours} h of fine-tuning on ${first.hardware}; our ${percent(first.utilisation)} and ${percent(then.utilisation)} of peak, ${percent(implied.utilisation)} together (2·MACs that we count over those hours).`,
    "Time: 2·MACs a step, those computed anew among them, of the GPU with most images, over peak and utilisation; a step is never shorter than its communication.",
    gpus.count === 1
      ? "Communication: none on one GPU."
      : `Communication: the gradients in float32, 2 (N − 1) / N of them sent by every GPU (ring all-reduce), at ${link} (${gpus.count > GPUS_A_NODE ? `the network, for more than ${GPUS_A_NODE} GPUs` : "NVLink, one direction"}; full rate, so the least); gathers of embeddings and batch statistics are not counted.`,
    "Memory: weights in float32 and a bfloat16 copy, moments and averages and gradients in float32, all on every GPU; activations in bfloat16, the program's own order, each value freed after its last use: fused kernels take less, fragmentation more.",
    "Hours of an encoding of the data set, and of training that is not traced here, are of their MACs alone.",
  ];
}
