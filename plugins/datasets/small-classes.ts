/** A warning where classes have fewer than 20 images in all parts together; of many, the first ten are named. */
export function warnOfSmallClasses(classes: readonly string[], labels: readonly number[]): string[] {
  const sizes = new Array<number>(classes.length).fill(0);
  for (const label of labels) if (label >= 0) sizes[label]!++;
  const small = classes.flatMap((name, label) => (sizes[label]! < 20 ? [`${name} (${sizes[label]})`] : []));
  if (small.length === 0) return [];
  const named = small.slice(0, 10).join(", ") + (small.length > 10 ? `, and ${small.length - 10} more` : "");
  return [
    `Classes with fewer than 20 images: ${named}. Too few to learn from; --unconditional leaves the classes aside.`,
  ];
}
