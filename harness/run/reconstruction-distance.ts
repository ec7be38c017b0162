/** rFID, the Fréchet distance of reconstructions to their own originals (arXiv:2112.10752, table 8), on any extractor. */
import type { Reference } from "../evaluate/compared.ts";
import { metricIds, type Score, scoreOf } from "../evaluate/score.ts";
import { featureMatrix } from "../linear-algebra/index.ts";
import { frechetDistanceOfRows, normalOfFeatures } from "../metrics/index.ts";
import type { Features } from "../plugin.ts";

/** @param reference for the name of its extractor and its product alone */
export async function reconstructionDistance(
  reconstructions: Features,
  originals: Features,
  { extractor, multiply }: Pick<Reference, "extractor" | "multiply">,
): Promise<Score> {
  const rows = (name: string, { features, dims }: Features) =>
    featureMatrix(`features of ${name}`, features, dims);
  const normal = await normalOfFeatures(rows("originals", originals), multiply);
  const value = await frechetDistanceOfRows(rows("reconstructions", reconstructions), normal, multiply);
  const convention =
    "Fréchet distance of reconstructions to the held-out images they were made from, in float64, ddof 1; no error: leaving images out takes them from both sides";
  return scoreOf({ family: "rfd", value, convention }, originals.n, metricIds({ extractor, suffix: "" }));
}
