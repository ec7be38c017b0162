/** State dicts in files of tensors: which parts a file holds, and how the names and shapes of one differ from a network's. */
export type Shape = readonly number[];
export type Shapes = ReadonlyMap<string, Shape>;

export interface Differences {
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
  /** In the order of what was expected. */
  readonly misshapen: readonly { readonly name: string; readonly expected: Shape; readonly found: Shape }[];
}

/** PyTorch's count of batches a BatchNorm has seen, which nothing computed depends on. */
const isCounter = (name: string): boolean => name.endsWith(".num_batches_tracked");

/** @param mayHave names that are no surplus */
export function differences(
  expected: Shapes,
  found: Shapes,
  mayHave: (name: string) => boolean = () => false,
): Differences {
  const surplus = [...found.keys()].filter(
    (name) => !expected.has(name) && !isCounter(name) && !mayHave(name),
  );
  const missing: string[] = [];
  const misshapen: { name: string; expected: Shape; found: Shape }[] = [];
  for (const [name, shape] of expected) {
    const other = found.get(name);
    if (other === undefined) missing.push(name);
    else if (other.join() !== shape.join()) misshapen.push({ name, expected: shape, found: other });
  }
  return { missing, surplus, misshapen };
}

/** A state dict within a file. */
export interface StateDictPart {
  /** What the names of its tensors begin with in the file. */
  readonly prefix: string;
  readonly shapes: Shapes;
}

/** An optimiser's moments, by the names that ours and PyTorch's training checkpoints give them. */
const MOMENTS = /^(adam|opt|optimizer)[./]/;

/**
 * The state dicts of a file that hold a tensor named `anchor`, each under the prefix it has there: "" in a flat file,
 * "ema/", "nnet_ema/", "module." and their like in others.
 */
export function partsWith(anchor: string, file: Shapes): StateDictPart[] {
  const weights = [...file].filter(([name]) => !MOMENTS.test(name));
  const prefixes = weights
    .map(([name]) => name)
    .filter((name) => name === anchor || name.endsWith(`/${anchor}`) || name.endsWith(`.${anchor}`))
    .map((name) => name.slice(0, -anchor.length));
  return prefixes.map((prefix) => {
    const longer = prefixes.filter((other) => other.length > prefix.length && other.startsWith(prefix));
    const shapes = new Map<string, Shape>();
    for (const [name, shape] of weights)
      if (name.startsWith(prefix) && !longer.some((other) => name.startsWith(other)))
        shapes.set(name.slice(prefix.length), shape);
    return { prefix, shapes };
  });
}

/** What training keeps: the weights it steps, their average, and a slower copy it learns from. */
export type PartRole = "online" | "ema" | "target";

/** The role that a prefix tells, or for a flat file the file's name ("nnet_ema.pth", "target_model.pth"); null: neither does. */
export function roleOf(prefix: string, file: string): PartRole | null {
  const words = (prefix === "" ? file.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "") : prefix)
    .toLowerCase()
    .split(/[^a-z]+/);
  if (words.includes("target")) return "target";
  if (words.includes("ema")) return "ema";
  return ["nnet", "online", "model"].some((word) => words.includes(word)) ? "online" : null;
}

export const numbersIn = (shapes: Shapes): number =>
  [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, side) => product * side, 1), 0);
