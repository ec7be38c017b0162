/** What keeps a score against a reference from being the number that others report. */

/** What is known of a reference: of the registry's and of those made here, all; of a file, what it tells. */
export interface ReferenceFacts {
  readonly name: string;
  readonly resolution: number | null;
  /** Images that published practice scores against it. */
  readonly samples: number | null;
  /** Whose preparation of images it is, by its name under `--as`. */
  readonly convention: string | null;
  readonly labels: string | null;
  /** Images for precision and recall. */
  readonly images: number | null;
  readonly notes: readonly string[];
}

/** What is scored. */
export interface EvaluatedSet {
  readonly n: number;
  /** The side of its square images; null where they are not of one size. */
  readonly resolution: number | null;
  readonly convention: string;
  /** "balanced", "unbalanced" or "unlabelled": what counts tell. */
  readonly labels: string;
}

/** Tools that prepare images with the same arithmetic. */
const ALIKE = [
  ["adm", "torch-fidelity"],
  ["edm", "clean-fid-legacy-tensorflow"],
];

/** Whether two tools make the same input of an image. */
export const preparedAlike = (a: string, b: string): boolean =>
  a === b || ALIKE.some((tools) => tools.includes(a) && tools.includes(b));

/** A sentence for everything in which the set does not fit the reference; the reference's own notes first. */
export function referenceWarnings(reference: ReferenceFacts, set: EvaluatedSet): string[] {
  return [
    ...reference.notes.map((note) => `${reference.name}: ${note}`),
    ...resolutionWarning(reference, set),
    ...countWarning(reference, set),
    ...conventionWarning(reference, set),
    ...labelsWarning(reference, set),
  ];
}

function resolutionWarning({ name, resolution }: ReferenceFacts, set: EvaluatedSet): string[] {
  if (resolution === null || resolution === set.resolution) return [];
  const found = set.resolution === null ? "several sizes, or not square" : `${set.resolution} px`;
  return [
    `${name} is of images at ${resolution} px, and the samples are ${found}: their resizing is part of the distance`,
  ];
}

function countWarning({ name, samples }: ReferenceFacts, { n }: EvaluatedSet): string[] {
  if (samples === null || samples === n) return [];
  return [
    `published work scores ${count(samples)} samples against ${name}, and here are ${count(n)}: the bias of the Fréchet distance falls as 1/n, so compare it at equal n alone`,
  ];
}

function conventionWarning({ name, convention }: ReferenceFacts, set: EvaluatedSet): string[] {
  if (convention === null || preparedAlike(convention, set.convention)) return [];
  return [
    `${name} was prepared as ${convention} does, and the samples as ${set.convention} does: the difference is part of the distance; --as ${convention} prepares both alike`,
  ];
}

function labelsWarning({ name, labels }: ReferenceFacts, set: EvaluatedSet): string[] {
  const known = (rule: string | null): rule is string => rule !== null && rule !== "unlabelled";
  if (!known(labels) || !known(set.labels) || labels === set.labels) return [];
  // Whether uneven counts were drawn at random or as frequent as in the data, they do not tell.
  if (set.labels === "unbalanced" && labels !== "balanced") return [];
  return [
    `published work scores samples with labels ${WORDS[labels] ?? labels} against ${name}, and here they are ${WORDS[set.labels] ?? set.labels}: FID tells them apart`,
  ];
}

const WORDS: Readonly<Record<string, string>> = {
  uniform: "drawn at random",
  balanced: "balanced, as many of every class",
  frequency: "as frequent as in the data",
};

const count = (n: number): string => n.toLocaleString("en");
