/** Which backends are tested here. */
import { UserError } from "../../harness/errors.ts";

/** Those with a test file in test/plugins/backends. */
export const TESTED = ["onnxruntime", "torch", "openvino", "tfjs"];

/**
 * Why a backend is not tested here, null where it is. `EPG_BENCH_BACKEND` names the one that is to be tested: then no
 * other is, and what it lacks is an error.
 * @param probe throws a UserError where the backend cannot be opened
 */
export async function reasonToSkip(name: string, probe: () => Promise<unknown>): Promise<string | null> {
  const only = process.env.EPG_BENCH_BACKEND;
  if (only && !TESTED.includes(only))
    throw new Error(`EPG_BENCH_BACKEND must be one of ${TESTED.join(", ")}, got ${only}`);
  if (only && only !== name) return `EPG_BENCH_BACKEND is ${only}`;
  try {
    await probe();
    return null;
  } catch (error) {
    if (only || !(error instanceof UserError)) throw error;
    return error.message;
  }
}
