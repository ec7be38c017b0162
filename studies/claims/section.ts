/** The results of a study as Markdown: what was measured, and the verdicts of the rule. */
import { list, table } from "../../reports/text.ts";
import { ARM_NAMES, ARMS, CURVES, DIVISORS } from "./arms.ts";
import { factorsOf } from "./configs.ts";
import { type Judged, judged, type Reached, verdictOf } from "./decide.ts";
import { BESIDE, equalFdOf, HYPOTHESES, pointsAt, seedsOf } from "./hypotheses.ts";
import { bestTrial, type Point, type Study } from "./study.ts";

const NONE = "—";
const ERROR = "mean and Student's 95 % interval over the seeds";

const fixed =
  (digits: number) =>
  (value: number | null): string =>
    value === null ? NONE : value.toFixed(digits).replace("-", "−");
const fd = fixed(2);
const tera = (flops: number | null): string => (flops === null ? NONE : (flops / 1e12).toFixed(2));
const rate = (value: number): string => String(Number(value.toPrecision(3)));

const right = (...heads: string[]) => heads.map((head) => ({ head, align: "right" as const }));
const left = (...heads: string[]) => heads.map((head) => ({ head }));
const perSeed = (study: Study) => right(...seedsOf(study).map((seed) => `seed ${seed}`));

/** @param plot path of the curves' picture from the document */
export const section = (study: Study, plot: string): string =>
  [
    provenance(study),
    "### Verdicts",
    verdicts(study),
    "### Arms",
    arms(study),
    "### FD over cumulative training FLOPs",
    `![FD over cumulative training FLOPs](${plot})`,
    curves(study),
    equalFd(study),
    "### Learning rates",
    rates(study),
    ...failures(study),
  ].join("\n\n");

function provenance({ settings, command, runs }: Study): string {
  const { budget, seeds, trials, samples } = settings;
  const flops = runs.reduce((sum, run) => sum + run.trainFlops, 0);
  const minutes = runs.reduce((sum, run) => sum + run.wallSeconds, 0) / 60;
  const distinct = (values: readonly (string | null)[]): string => [...new Set(values)].join("; ");
  const env = ({ cpu, cores, os, node, backend, precision, threads }: (typeof runs)[number]["env"]) =>
    `${cpu}, ${cores} cores, ${os}, Node ${node}, ${backend}, ${precision}, ${threads} threads`;
  return list([
    `Command: \`${command}\``,
    `B = ${budget.toExponential().replace("e+", "e")} FLOPs; ${seeds} seeds; ${trials} trials of the learning rate for each arm; ${samples} samples an entry.`,
    `${tera(flops)} TFLOPs of training in all, ${minutes.toFixed(0)} minutes with sampling and scoring, from ${runs[0]!.startedAt.slice(0, 10)}.`,
    `Environment: ${distinct(runs.map((run) => env(run.env)))}.`,
    `Commit: ${distinct(runs.map((run) => run.env.git ?? "unknown"))}.`,
  ]);
}

function verdicts(study: Study): string {
  const row = ({ id, claim, quantity, delta }: (typeof HYPOTHESES)[number], judges: boolean) => {
    const values = seedsOf(study).map((seed) => delta(study.points, seed));
    const found = judged(values);
    return [id, claim, quantity, ...values.map(fd), ranged(found), judges ? `**${verdictOf(found)}**` : NONE];
  };
  return [
    table(
      [
        ...left("", "Hypothesis", "δ"),
        ...perSeed(study),
        ...right("mean (95 % interval)"),
        ...left("Verdict"),
      ],
      [...HYPOTHESES.map((one) => row(one, true)), ...BESIDE.map((one) => row(one, false))],
    ),
    `A positive δ speaks for the hypothesis; ${ERROR}. Rows without a number stand beside, without a verdict.`,
  ].join("\n\n");
}

const ranged = (found: Judged | null): string =>
  found === null ? NONE : `${fd(found.mean)} (${fd(found.interval[0])} to ${fd(found.interval[1])})`;

/** "61.20 ± 4.31": the interval's half-width. */
function summary(values: readonly (number | null)[], format = fd): string {
  const found = judged(values);
  return found === null ? NONE : `${format(found.mean)} ± ${format(found.interval[1] - found.mean)}`;
}

function arms(study: Study): string {
  const rows = ARM_NAMES.map((arm) => {
    const points = pointsAt(study.points, arm, 1);
    const of = (field: "fd" | "kid" | "accuracy") => points.map((point) => point[field]);
    return [
      arm,
      tera(points[0]?.trainFlops ?? null),
      fixed(0)(points[0]?.nfe ?? null),
      ...of("fd").map(fd),
      summary(of("fd")),
      summary(of("kid"), fixed(4)),
      summary(of("accuracy"), fixed(3)),
    ];
  });
  const yardsticks = study.yardsticks.map((one) => `${one.name} ${fd(one.fd)}`);
  return [
    table(
      [
        ...left("Arm"),
        ...right("training TFLOPs", "calls"),
        ...seedsOf(study).map((seed) => ({ head: `FD, seed ${seed}`, align: "right" as const })),
        ...right("FD ↓", "KID ↓", "class accuracy ↑"),
      ],
      rows,
    ),
    `±: half of the 95 % interval of the mean over the seeds. FD of yardsticks (seed 1): ${yardsticks.join(", ")}.`,
  ].join("\n\n");
}

function curves({ points }: Study): string {
  const rows = CURVES.flatMap((arm) =>
    DIVISORS.map((divisor) => {
      const own = pointsAt(points, arm, divisor);
      const values = own.map((point: Point) => point.fd);
      return [arm, divisor === 1 ? "B" : `B/${divisor}`, tera(own[0]?.trainFlops ?? null), summary(values)];
    }),
  );
  return table([...left("Arm", "Budget"), ...right("training TFLOPs", "FD ↓")], rows);
}

function equalFd(study: Study): string {
  const reached = ({ flops, isBound }: Reached): string => `${isBound ? "≤ " : ""}${tera(flops)}`;
  const rows = seedsOf(study).map((seed) => {
    const found = equalFdOf(study.points, seed);
    if (found === null) return [String(seed), NONE, NONE, NONE, NONE];
    const ratio = found.logRatio === null ? NONE : fd(Math.exp(found.logRatio));
    return [String(seed), fd(found.fd), reached(found.a), reached(found.b), ratio];
  });
  const head = right("seed", "equal FD", "pre-trained: TFLOPs", "VAE + DiT: TFLOPs", "ratio");
  return `FLOPs to an equal FD (H5 is the logarithm of the ratio):\n\n${table(head, rows)}`;
}

function rates({ trials, settings }: Study): string {
  const factors = factorsOf(settings.trials);
  const rows = ARM_NAMES.map((arm) => {
    const best = bestTrial(trials, arm);
    const own = factors.map((factor) => trials.find((one) => one.arm === arm && one.factor === factor)!);
    const shown = own.map((one) => (one === best ? `**${fd(one.fd)}**` : fd(one.fd)));
    const isEdge = best !== null && (best === own[0] || best === own.at(-1));
    const chosen = best === null ? NONE : `${rate(best.learningRate)}${isEdge ? " (edge)" : ""}`;
    return [arm, rate(ARMS[arm].learningRate), ...shown, chosen];
  });
  return [
    "FD against the training images on seed 0 at B/2, by the learning rate of the last stage over the size's default:",
    table(
      [
        ...left("Arm"),
        ...right("default", ...factors.map((factor) => `×${Number(factor.toPrecision(3))}`), "chosen"),
      ],
      rows,
    ),
  ].join("\n\n");
}

function failures({ trials, points }: Study): string[] {
  const told = [
    ...trials.map((one) => ({ ...one, name: `trial ${rate(one.learningRate)} of ${one.arm}` })),
    ...points.map((one) => ({ ...one, name: `${one.arm} at B/${one.divisor}, seed ${one.seed}` })),
  ].filter(({ failure }) => failure !== null);
  if (told.length === 0) return [];
  return ["### Failures", list(told.map(({ name, failure }) => `${name}: ${failure}`))];
}

const BEGIN = "<!-- results of npm run study:claims -->";
const END = "<!-- end of results -->";

/** The document with what stands between the markers replaced. */
export function withSection(document: string, text: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the document lacks "${BEGIN}" … "${END}"`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${document.slice(end)}`;
}
