import { UserError } from "../errors.ts";
import { contentDeviations } from "./content.ts";
import { requireUnchanged } from "./fetch.ts";
import { isLocal, type KnownReference, referenceFile } from "./known.ts";

interface Verified {
  /** Of the file as it is; null where it could not be read. */
  readonly sha256: string | null;
  /** A sentence for everything that is wrong with it. */
  readonly problems: readonly string[];
}

/** Hashes a reference's file, and reads all that it holds. */
export async function verifyReference(reference: KnownReference): Promise<Verified> {
  const to = referenceFile(reference);
  try {
    const sha256 = await requireUnchanged({ to, sha256: reference.sha256 });
    const deviations = await contentDeviations(to, reference);
    const told = isLocal(reference) ? "its record" : "the registry";
    return { sha256, problems: deviations.map((deviation) => `${to}: ${deviation}, as ${told} has it`) };
  } catch (error) {
    if (error instanceof UserError) return { sha256: null, problems: [error.message] };
    throw error;
  }
}
