/** Several runs given for one side are training seeds of one recipe. */
import { UserError } from "../errors.ts";
import type { Measured } from "./comparable.ts";

/** @throws UserError where a run is given twice, or an entry's recipe differs between the runs */
export function checkSameRecipes(runs: readonly Measured[]): void {
  if (runs.length === 0) throw new UserError("no run given", "name at least one run folder");
  const ids = new Set<string>();
  const recipes = new Map<string, string | null>();
  for (const { run } of runs) {
    if (ids.has(run.id))
      throw new UserError(`run ${run.id} is given twice`, "name each training seed's run once");
    ids.add(run.id);
    for (const { name, recipe } of run.entries) {
      const known = recipes.get(name);
      if (known !== undefined && known !== recipe)
        throw new UserError(
          `entry "${name}" was trained by another recipe in run ${run.id} than in the runs before it`,
          "runs given together may differ in nothing but their training seed",
        );
      recipes.set(name, recipe);
    }
  }
}
