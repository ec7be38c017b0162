/**
 * What a job's key was made from: data and code as they were when the run was planned. The worker that does the
 * job opens both anew, and refuses them where they are others by then.
 */
import { UserError } from "../errors.ts";
import type { Dataset } from "../plugin.ts";
import type { CodeHashes } from "./identity.ts";

export interface Origin {
  readonly dataset: DatasetOrigin;
  readonly code: CodeHashes;
}

interface DatasetOrigin {
  readonly identity: string;
  /** "600 training, 200 reference and 200 held-out images" */
  readonly images: string;
}

export const datasetOrigin = ({ identity, train, reference, heldOut }: Dataset): DatasetOrigin => ({
  identity,
  images: `${train.length} training, ${reference.length} reference and ${heldOut.length} held-out images`,
});

const FIX =
  "put back what changed, or leave it so, and go on with `epg-bench run --resume`: what depends on it is made anew, " +
  "all else comes from the cache";

/** @throws UserError where the data set is not the one the run was planned with */
export function requireSameData({ dataset: planned }: Origin, dataset: Dataset): void {
  const found = datasetOrigin(dataset);
  if (found.identity === planned.identity) return;
  const what =
    found.images === planned.images
      ? `as many images as before (${found.images}), but not the same`
      : `${found.images} now, ${planned.images} when the run began`;
  throw new UserError(`the data set ${dataset.name} changed during the run: ${what}`, FIX);
}

/** @throws UserError where the files that an entry's options name are not those it was planned with */
export function requireSameFiles(planned: string | null, found: string | null): void {
  if (found !== planned)
    throw new UserError("files that the entry's options name changed during the run", FIX);
}

/** @throws UserError where code is not the one the run was planned with */
export function requireSameCode({ code: planned }: Origin, code: CodeHashes): void {
  const changed = Object.keys(code).filter((part) => code[part] !== planned[part]);
  if (changed.length === 0) return;
  throw new UserError(`the code of ${changed.join(" and of ")} changed during the run`, FIX);
}
