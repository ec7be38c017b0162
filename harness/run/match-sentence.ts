/** How equal the training compute of a run's entries is, as far as it is known. */
import type { Found, FoundEntry } from "./found.ts";

export const isTrained = ({ planned, training }: FoundEntry): boolean =>
  training.length === planned.stages.length;

/** How equal the training compute is of the entries that were trained. */
export function matchSentence({ entries }: Found): string {
  const named = (some: readonly FoundEntry[]): string =>
    some.map(({ planned }) => `"${planned.name}"`).join(", ");
  const elsewhere = entries.filter(({ planned }) => planned.stages.length === 0);
  const here = entries.filter(({ planned }) => planned.stages.length > 0);
  const broken = here.filter((entry) => !isTrained(entry));
  const partly = here.filter((entry) => isTrained(entry) && entry.planned.pretrained.length > 0);
  const trained = here.filter((entry) => isTrained(entry) && entry.planned.pretrained.length === 0);
  const others = [
    ...(broken.length === 0 ? [] : [` Not trained to the end: ${named(broken)}.`]),
    ...(elsewhere.length === 0
      ? []
      : [` Pre-trained elsewhere, at a cost not known here: ${named(elsewhere)}.`]),
    ...(partly.length === 0
      ? []
      : [` Partly trained elsewhere, at a cost not known here: ${partly.map(partlyTrained).join(", ")}.`]),
  ].join("");
  if (here.length === 0) return others.trim();
  if (trained.length + partly.length === 0) return `No entry was trained to the end.${others}`;
  if (trained.length === 0) return others.trim();
  const all = trained.map(({ planned }) => planned.trainFlops);
  const most = Math.max(...all);
  const least = Math.min(...all);
  if (all.length === 1)
    return `One entry, "${trained[0]!.planned.name}", trained with ${tera(most)} in all.${others}`;
  const apart = ((most - least) / least) * 100;
  return apart <= 2
    ? `Equal training compute: ${others === "" ? "every entry" : "every other entry"} is trained with ${tera(least)} to ${tera(most)} in all, ${apart.toFixed(2)} % apart (pre-training and VAE included), on the same data, and sampled with the same labels.${others}`
    : `Training compute is not equal: from ${tera(least)} to ${tera(most)} in all, ${apart.toFixed(0)} % apart.${others}`;
}

/** `"EPG" (pre-training; 1.20 TFLOP of training here)` */
const partlyTrained = ({ planned: { name, pretrained, trainFlops } }: FoundEntry): string =>
  `"${name}" (${pretrained.map(({ stage }) => stage).join(", ")}; ${tera(trainFlops)} of training here)`;

const tera = (flops: number): string => `${(flops / 1e12).toPrecision(3)} TFLOP`;
