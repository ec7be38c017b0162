/** A score of a set of images under its name, with its error, unit and convention. */
import type { ResultRow } from "../result.ts";

/** A row of a result that has no entry yet, of images. */
export interface Score extends Omit<ResultRow, "entry" | "n" | "deleteGroup"> {
  readonly n: number;
  readonly deleteGroup?: readonly number[];
}

export const scoreRows = (entry: string, scores: readonly Score[]): ResultRow[] =>
  scores.map(({ deleteGroup, ...score }) => ({
    entry,
    ...score,
    ...(deleteGroup ? { deleteGroup: [...deleteGroup] } : {}),
  }));

export interface ScoreNames {
  /** null: nobody knows which network the features are of. */
  readonly extractor: string | null;
  /** "-train" where the training set is the reference. */
  readonly suffix: string;
}

/** Never Inception's, whatever the features: the field has no such numbers. */
const OURS = new Set(["class-accuracy", "memorisation"]);

/**
 * The field's plain names belong to Inception; on any other extractor a metric carries its name. Of an unknown one
 * only the Fréchet distance's name would claim something: it is `fd`.
 */
export const metricIds =
  ({ extractor, suffix }: ScoreNames) =>
  (family: string): string => {
    if (extractor === null) return `${family}${suffix}`;
    const plain = extractor === "inception" && !OURS.has(family);
    if (plain) return `${family.replace(/^(r?)fd$/, "$1fid")}${suffix}`;
    return `${family}-${extractor}${suffix}`;
  };

/** What a family of scores is measured in. */
const UNITS = {
  fd: { unit: "squared feature units", direction: "lower" },
  rfd: { unit: "squared feature units", direction: "lower" },
  sfid: { unit: "squared feature units", direction: "lower" },
  "fd-infinity": { unit: "squared feature units", direction: "lower" },
  kid: { unit: "MMD²", direction: "lower" },
  is: { unit: "effective classes", direction: "higher" },
  precision: { unit: "share", direction: "higher" },
  recall: { unit: "share", direction: "higher" },
  "f-score": { unit: "share", direction: "higher" },
  "precision-float32": { unit: "share", direction: "higher" },
  "recall-float32": { unit: "share", direction: "higher" },
  density: { unit: "balls per neighbour", direction: "higher" },
  coverage: { unit: "share", direction: "higher" },
  vendi: { unit: "effective samples", direction: "higher" },
  "vendi-per-class": { unit: "effective samples", direction: "higher" },
} as const satisfies Readonly<Record<string, Pick<Score, "unit" | "direction">>>;

export type Family = keyof typeof UNITS;

/** What a scorer found, before it has its full name. */
export interface Found {
  readonly family: Family;
  readonly value: number;
  readonly convention: string;
  /** Of the draw of samples; null or absent where nobody knows it. */
  readonly error?: {
    readonly standardError: number | null;
    /** null: the error is not of groups left out alone, so that two runs cannot be paired by them. */
    readonly deleteGroup: readonly number[] | null;
  };
  /** How the error was found, where there is one. */
  readonly errorWords?: string;
  readonly beside?: Score["beside"];
  readonly notGated?: string;
  /** Where fewer than all samples were used. */
  readonly n?: number;
}

export function scoreOf(found: Found, n: number, id: (family: string) => string): Score {
  const { family, value, convention, error, errorWords, beside, notGated } = found;
  const standardError = error?.standardError ?? null;
  return {
    metric: id(family),
    value,
    standardError,
    ...UNITS[family],
    n: found.n ?? n,
    convention: errorWords === undefined ? convention : `${convention}; ${errorWords}`,
    ...(beside ? { beside } : {}),
    ...(notGated === undefined ? {} : { notGated }),
    ...(standardError === null || !error?.deleteGroup ? {} : { deleteGroup: error.deleteGroup }),
  };
}
