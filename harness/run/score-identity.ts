import type { ResolvedConfig } from "../config/index.ts";
import type { Dataset } from "../plugin.ts";
import { codeHash, hashOf, SCORING_CODE } from "./identity.ts";

/** What every score of a run has in common: the data it is held against, the extractor, and the code that scores. */
export const scoreIdentity = (
  { features, scoreAgainst, backend, unconditional }: ResolvedConfig,
  dataset: Dataset,
): string =>
  hashOf(["score", features, scoreAgainst, backend, unconditional, dataset.identity, codeHash(SCORING_CODE)]);
