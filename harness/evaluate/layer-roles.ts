/** Which layer plays which part in the scores, by the names extractors and files give them. */
import { UserError } from "../errors.ts";
import type { Role } from "./compared.ts";

/** Layers that are never what a Fréchet distance is of unless asked for. */
const OTHERS = new Set(["logits", "logits_unbiased", "spatial"]);

export type LayerRoles = ReadonlyMap<Role, string>;

/**
 * "2048" or "features" are the features, else the only layer that is neither logits nor spatial; "logits_unbiased"
 * are Inception's logits as every Inception Score has them, "logits" those of other classifiers.
 *
 * @param path named in messages
 * @param extractor its name; null where it is not known
 * @param asked the layer for the features, by `--layer`
 * @throws UserError where no layer or more than one could be the features
 */
export function layerRoles(
  path: string,
  names: readonly string[],
  extractor: string | null,
  asked: string | null,
): LayerRoles {
  const roles = new Map<Role, string>([["features", featuresLayer(path, names, asked)]]);
  const classifier = extractor !== null && extractor !== "inception";
  const logits = ["logits_unbiased", ...(classifier ? ["logits"] : [])].find((name) => names.includes(name));
  if (logits !== undefined) roles.set("logits", logits);
  if (names.includes("spatial")) roles.set("spatial", "spatial");
  return roles;
}

function featuresLayer(path: string, names: readonly string[], asked: string | null): string {
  const all = names.join(", ");
  if (asked !== null) {
    if (names.includes(asked)) return asked;
    throw new UserError(`--layer ${asked}: ${path} has no such layer`, `name one of ${all}`);
  }
  const usual = ["2048", "features"].find((name) => names.includes(name));
  if (usual !== undefined) return usual;
  const rest = names.filter((name) => !OTHERS.has(name));
  const candidates = rest.length > 0 ? rest : names;
  if (candidates.length === 1) return candidates[0]!;
  throw new UserError(`${path} has the layers ${all}`, `say by --layer which of them is scored`);
}
