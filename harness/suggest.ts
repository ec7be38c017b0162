/**
 * Damerau–Levenshtein distance in its optimal-string-alignment form: insertions, deletions,
 * substitutions and swaps of neighbours that turn `a` into `b`.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** The known word that `word` was probably meant to be; undefined when none is near (over half of its letters differ). */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= 0.5 * Math.max(word.length, candidate.length))
    .sort((x, y) => x.distance - y.distance);
  return scored[0]?.candidate;
}

/** What to do about an unknown word: the nearest known one, and all of them. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  const all = known.length === 0 ? "nothing is known here" : `known: ${known.join(", ")}`;
  return near === undefined ? all : `did you mean "${near}"? (${all})`;
}
