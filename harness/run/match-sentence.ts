/** How equal the training compute of a run's entries is, as far as it is known. */
import type { Found, FoundEntry } from "./found.ts";
import type { PlannedEntry } from "./plan.ts";
import { distinctFiles, teraFlops, toldFlops } from "./pretrained.ts";

export const isTrained = ({ planned, training }: FoundEntry): boolean =>
  training.length === planned.stages.length;

/** How equal the training compute is of the entries that were trained. */
export function matchSentence({ entries }: Found): string {
  const named = (some: readonly FoundEntry[]): string =>
    some.map(({ planned }) => `"${planned.name}"`).join(", ");
  const elsewhere = entries.filter(({ planned, failure }) => planned.stages.length === 0 && failure === null);
  const here = entries.filter(({ planned }) => planned.stages.length > 0);
  const broken = here.filter((entry) => !isTrained(entry));
  const partly = here.filter((entry) => isTrained(entry) && entry.planned.pretrained.length > 0);
  const trained = here.filter((entry) => isTrained(entry) && entry.planned.pretrained.length === 0);
  const others = [
    ...(broken.length === 0 ? [] : [` Not trained to the end: ${named(broken)}.`]),
    elsewhereSentence(elsewhere.map(({ planned }) => planned)),
    ...(partly.length === 0 ? [] : [` Partly trained elsewhere: ${partly.map(partlyTrained).join(", ")}.`]),
  ].join("");
  if (here.length === 0) return elsewhere.length === 0 ? "No entry finished." : others.trim();
  if (trained.length + partly.length === 0) return `No entry was trained to the end.${others}`;
  if (trained.length === 0) return others.trim();
  const all = trained.map(({ planned }) => planned.trainFlops);
  const most = Math.max(...all);
  const least = Math.min(...all);
  if (all.length === 1)
    return `One entry, "${trained[0]!.planned.name}", trained with ${teraFlops(most)} in all.${others}`;
  const apart = ((most - least) / least) * 100;
  return apart <= 2
    ? `Equal training compute: ${others === "" ? "every entry" : "every other entry"} is trained with ${teraFlops(least)} to ${teraFlops(most)} in all, ${apart.toFixed(2)} % apart (pre-training and VAE included), on the same data, and sampled with the same labels.${others}`
    : `Training compute is not equal: from ${teraFlops(least)} to ${teraFlops(most)} in all, ${apart.toFixed(0)} % apart.${others}`;
}

/** `"EPG" (pre-training elsewhere, at a cost not known here; 1.20 TFLOP of training here)` */
const partlyTrained = ({ planned: { name, pretrained, trainFlops } }: FoundEntry): string => {
  const files = distinctFiles(pretrained).map(
    ({ stage, told }) =>
      `${stage} ${told ? `with ${teraFlops(told.trainingFlops)} by its file's account` : "at a cost not known here"}`,
  );
  return `"${name}" (${files.join(", ")}; ${teraFlops(trainFlops)} of training here)`;
};

/** What was trained elsewhere, beside whose compute that of the others is not put. */
export function elsewhereSentence(
  entries: readonly Pick<PlannedEntry, "name" | "pretrained" | "made">[],
): string {
  const declared = entries.flatMap(({ name, made }) => {
    const flops = made.elsewhere?.trainFlops;
    return flops ? [`"${name}" with ${teraFlops(flops.value)}`] : [];
  });
  const told = entries
    .filter(({ made }) => !made.elsewhere?.trainFlops)
    .map(({ name, pretrained }) => ({ name, flops: toldFlops(pretrained) }));
  const known = told.flatMap(({ name, flops }) =>
    flops === null ? [] : [`"${name}" with ${teraFlops(flops)}`],
  );
  const unknown = told.filter(({ flops }) => flops === null).map(({ name }) => `"${name}"`);
  return [
    ...(declared.length > 0
      ? [` Trained elsewhere, as the config declares and nothing here counted: ${declared.join(", ")}.`]
      : []),
    ...(known.length > 0 ? [` Trained elsewhere, by their files' account: ${known.join(", ")}.`] : []),
    ...(unknown.length > 0
      ? [` Pre-trained elsewhere, at a cost not known here: ${unknown.join(", ")}.`]
      : []),
  ].join("");
}
