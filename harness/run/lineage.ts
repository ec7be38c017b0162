/** What of an entry one stage's result came from. */
import type { PlannedEntry } from "./plan.ts";

/** The entry with that stage, those it starts from, those that they start from, and the files among them, and no other. */
export function lineageOf<Planned extends Pick<PlannedEntry, "stages" | "pretrained">>(
  planned: Planned,
  stage: string,
): Planned {
  const needed = new Set([stage]);
  // Each follows those it starts from.
  for (const { name, previous } of planned.stages.toReversed())
    if (needed.has(name))
      for (const before of [
        ...Object.keys(previous.stages),
        ...previous.pretrained.map((file) => file.stage),
      ])
        needed.add(before);
  return {
    ...planned,
    stages: planned.stages.filter(({ name }) => needed.has(name)),
    pretrained: planned.pretrained.filter((file) => needed.has(file.stage)),
  };
}
