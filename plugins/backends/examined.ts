/** What a backend that must first be started says of itself to `doctor`. */
import { UserError } from "../../harness/errors.ts";
import type { Finding } from "../../harness/plugin.ts";

/** What `probe` finds, or, where it refuses, that `what` does not work, why, and how to mend it. */
export async function examined(
  what: string,
  probe: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await probe();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ what, works: false, detail: error.message, fix: error.fix ?? null }];
  }
}
