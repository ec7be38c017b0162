import { join } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { pluginSource } from "../config/plugins.ts";
import { packageRoot } from "../package-root.ts";
import type { Dataset } from "../plugin.ts";
import { codeHash, hashOf, SCORING_CODE } from "./identity.ts";
import { extractorIdentity } from "./open.ts";

/** What every score of a run has in common: the data it is held against, the extractor with its weights, the backend, the code. */
export async function scoreIdentity(
  config: ResolvedConfig,
  dataset: Dataset,
  backend: string,
): Promise<string> {
  const { features, scoreAgainst, unconditional, baseFolder } = config;
  const extractor = await pluginSource("features", features.plugin, baseFolder);
  // Built code lies in dist/, the weights a built-in extractor ships beside the sources.
  const shipped = join(packageRoot(), "plugins", "features");
  const code = codeHash([...SCORING_CODE, extractor, shipped]);
  const weights = await extractorIdentity(config);
  return hashOf(["score", features, weights, scoreAgainst, unconditional, dataset.identity, backend, code]);
}
