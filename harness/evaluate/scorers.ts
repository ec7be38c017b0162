/** Which scores are asked for, and which the two sets can give. */
import { UserError } from "../errors.ts";
import { suggestion } from "../suggest.ts";
import { asUserError } from "./as-user-error.ts";
import type { Compared, Role, Settings } from "./compared.ts";
import type { Convention, Scorer } from "./conventions/convention.ts";
import { type Available, whyNot } from "./possible.ts";
import type { ReferenceSource } from "./reference.ts";
import type { Family, Found } from "./score.ts";

/** What `--metrics` takes, and the scores each stands for. */
const METRICS: Readonly<Record<string, readonly Family[]>> = {
  fid: ["fd"],
  fd: ["fd"],
  sfid: ["sfid"],
  is: ["is"],
  precision: ["precision", "precision-float32"],
  recall: ["recall", "recall-float32"],
  density: ["density"],
  coverage: ["coverage"],
  prdc: ["precision", "recall", "precision-float32", "recall-float32", "f-score", "density", "coverage"],
  "f-score": ["f-score"],
  kid: ["kid"],
  vendi: ["vendi", "vendi-per-class"],
  "fd-infinity": ["fd-infinity"],
};

const METRIC_NAMES = Object.keys(METRICS);

export interface Chosen {
  readonly scorers: readonly Scorer[];
  /** The scores that are told; a scorer may find more. */
  readonly families: ReadonlySet<Family>;
  /** Sentences: what of the usual scores is left out, and why. */
  readonly warnings: readonly string[];
}

/**
 * @param asked names of metrics; null for the convention's usual ones, as far as the sets give them
 * @throws UserError for a metric that is not known, that the convention does not have, or that the sets cannot give
 */
export function chooseScorers(
  convention: Convention,
  asked: readonly string[] | null,
  available: Available,
  settings: Settings,
): Chosen {
  const chosen =
    asked === null ? usual(convention, available, settings) : named(convention, asked, available, settings);
  requireRead(settings, chosen.scorers, convention);
  return chosen;
}

const FLAGS: Readonly<Record<keyof Settings, string>> = {
  neighbours: "--neighbours",
  kidSubsets: "--kid-subsets",
  kidSubsetSize: "--kid-subset-size",
  seed: "--seed",
};

/** What nothing reads would seem to have been heeded. */
function requireRead(settings: Settings, scorers: readonly Scorer[], { choice }: Convention): void {
  for (const key of Object.keys(FLAGS) as (keyof Settings)[]) {
    const read = scorers.some((scorer) => scorer.settings?.includes(key)) || (key === "seed" && choice);
    if (settings[key] !== null && !read)
      throw new UserError(
        `${FLAGS[key]} ${settings[key]}: none of the scores follows it (${scorers.flatMap(({ families }) => families).join(", ")})`,
        "leave it out, or ask for scores that do by --metrics and --as",
      );
  }
}

function named(
  convention: Convention,
  asked: readonly string[],
  available: Available,
  settings: Settings,
): Chosen {
  const families = new Set(asked.flatMap((name) => familiesOf(name, convention)));
  const scorers = convention.scorers.filter((scorer) => scorer.families.some((one) => families.has(one)));
  for (const scorer of scorers) {
    const missing = whyNot(scorer, available, settings);
    if (missing === null) continue;
    const name = asked.find((one) => METRICS[one]!.some((family) => scorer.families.includes(family)))!;
    throw new UserError(`--metrics ${name}: ${missing.problem}`, missing.fix);
  }
  return { scorers, families, warnings: [] };
}

function familiesOf(name: string, { tool, scorers }: Convention): Family[] {
  const families = Object.hasOwn(METRICS, name) ? METRICS[name]! : null;
  const offered = METRIC_NAMES.filter((one) =>
    METRICS[one]!.some((family) => scorers.some((scorer) => scorer.families.includes(family))),
  );
  if (!families)
    throw new UserError(`--metrics: there is no metric ${JSON.stringify(name)}`, suggestion(name, offered));
  const has = families.filter((family) => scorers.some((scorer) => scorer.families.includes(family)));
  if (has.length > 0) return has;
  throw new UserError(
    `--metrics ${name}: ${tool ?? "epg-bench"} does not have it`,
    `it has ${offered.join(", ")}${tool === null ? "" : "; without --as there are more"}`,
  );
}

function usual({ scorers }: Convention, available: Available, settings: Settings): Chosen {
  const wanted = scorers.filter(({ byDefault }) => byDefault);
  const reasons = wanted.map((scorer) => ({ scorer, missing: whyNot(scorer, available, settings) }));
  const possible = reasons.filter(({ missing }) => missing === null).map(({ scorer }) => scorer);
  if (possible.length === 0) {
    const { problem, fix } = reasons[0]!.missing!;
    throw new UserError(`nothing can be scored: ${problem}`, fix);
  }
  return {
    scorers: possible,
    families: new Set(possible.flatMap(({ families }) => families)),
    warnings: reasons.flatMap(({ scorer, missing }) =>
      missing === null || missing.expected
        ? []
        : [`${scorer.families.join(", ")}: left out, since ${missing.problem} (${missing.fix})`],
    ),
  };
}

/**
 * Layers that the chosen scores read of the samples, and of the reference's images: none where its statistics suffice,
 * and its logits only beside others, for the Inception Score that is told next to the samples'.
 */
export function layersRead(
  scorers: readonly Scorer[],
  { statistics, spatial }: Pick<ReferenceSource, "statistics" | "spatial">,
): { samples: Set<Role>; reference: Set<Role> } {
  const stored = new Set<Role>([
    ...(statistics ? (["features"] as const) : []),
    ...(spatial ? (["spatial"] as const) : []),
  ]);
  const samples = new Set(scorers.flatMap(({ layers }) => layers));
  const reference = new Set(
    scorers.flatMap(({ layers, reference }) => {
      if (reference === "images") return layers;
      return reference === "distribution" ? layers.filter((role) => !stored.has(role)) : [];
    }),
  );
  if (reference.size > 0 && samples.has("logits")) reference.add("logits");
  return { samples, reference };
}

/** All scores of the chosen scorers that were asked for. */
export async function foundBy(
  { scorers, families }: Pick<Chosen, "scorers" | "families">,
  compared: Compared,
  progress: (done: number) => void = () => {},
): Promise<Found[]> {
  const found: Found[] = [];
  for (const [i, scorer] of scorers.entries()) {
    for (const one of await scored(scorer, compared)) if (families.has(one.family)) found.push(one);
    progress(i + 1);
  }
  return found;
}

/** Metrics refuse numbers they cannot be computed from by a RangeError. */
async function scored(scorer: Scorer, compared: Compared): Promise<readonly Found[]> {
  try {
    return await scorer.score(compared);
  } catch (error) {
    if (!(error instanceof RangeError)) throw asUserError(error);
    throw new UserError(
      `${scorer.families.join(", ")}: ${error.message}`,
      "mend the features or statistics, or leave these scores out by --metrics",
    );
  }
}
