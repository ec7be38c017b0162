/** The last of a config's defaults: those that hang on the data set. */
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import type { Dataset } from "../plugin.ts";

export type SettledConfig = ResolvedConfig & { readonly samples: number };

const USUAL_SAMPLES = 512;
/** What the config asks of `samples` too. */
const FEWEST = 4;

/**
 * `samples` that were asked for, or as many as the held-out part has images (at most 512), so that samples and
 * real images are scored at one n. Against the training set, the field's convention, n is the user's own affair.
 *
 * @throws UserError where there are fewer than four held-out images, or where more samples were asked for than there are held-out images
 */
export function settled(
  config: ResolvedConfig,
  { heldOut }: Dataset,
): { config: SettledConfig; warnings: readonly string[] } {
  const { samples, scoreAgainst, dataset, comparison } = config;
  const has = `dataset ${dataset.plugin} has ${heldOut.length} held-out images`;
  if (comparison && comparison.guidance.length > 1 && heldOut.length < FEWEST)
    throw new UserError(
      `comparison.guidance has ${comparison.guidance.length} scales to choose from, and ${has}: trials need at least ${FEWEST} to be judged by`,
      "give a single scale, or a larger held-out part",
    );
  if (samples === undefined) {
    if (heldOut.length < FEWEST)
      throw new UserError(
        `${has}; scores need at least ${FEWEST}`,
        "give more images, or a larger held-out part",
      );
    const adapted = Math.min(USUAL_SAMPLES, heldOut.length);
    const warnings =
      adapted < USUAL_SAMPLES
        ? [`samples: ${adapted} instead of the usual ${USUAL_SAMPLES}, since ${has}`]
        : [];
    return { config: { ...config, samples: adapted }, warnings };
  }
  if (samples > heldOut.length && scoreAgainst === "reference")
    throw new UserError(
      `samples is ${samples}, but ${has}: real images could not be scored at the same n`,
      `ask for at most ${heldOut.length} (samples, --samples), or give more images or a larger held-out part of them`,
    );
  return { config: { ...config, samples }, warnings: [] };
}
