/** Why a worker does not start, told as what was found, what is needed, and how to come by it. */
import { UserError } from "../../../harness/errors.ts";
import type { Frame } from "./frames.ts";
import type { WorkerSettings } from "./worker-process.ts";

const INSTALL = "see pytorch.org/get-started";
export const MEND_CUDA = `check \`nvidia-smi\`, and install a PyTorch built for its CUDA version (${INSTALL})`;
export const MEND_COMPILER =
  "install it (on Debian: `apt install g++ python3-dev`), or run without torch.compile: --no-compile";

/**
 * @param first the first frame, or what came in its place
 * @param spawnError the system's code where the process could not even be started
 */
export function requireUsable(
  { python, device }: WorkerSettings,
  first: Frame | Error,
  spawnError?: string,
): void {
  const other = "name another Python with --python (EPG_BENCH_PYTHON, or `python` in the backend's options)";
  if (spawnError !== undefined)
    throw new UserError(
      spawnError === "ENOENT"
        ? `backend torch: found no Python "${python}"`
        : `backend torch: the Python "${python}" cannot be started (${spawnError})`,
      `install Python 3.9 or newer with PyTorch 2.4 or newer, or ${other}`,
    );
  if (first instanceof Error)
    throw new UserError(`backend torch: "${python}" runs no worker: ${first.message}`, other);
  const { refused, python: version, found, torch, cuda } = first.header as Record<string, unknown>;
  switch (refused) {
    case undefined:
      return;
    case "no torch":
      throw new UserError(
        `backend torch: "${python}" (Python ${version}) has no PyTorch: ${found}`,
        `\`${python} -m pip install torch\` (2.4 or newer; for a GPU ${INSTALL}), or ${other}`,
      );
    case "old torch":
      throw new UserError(
        `backend torch: needs PyTorch 2.4 or newer, "${python}" has ${found}`,
        `\`${python} -m pip install --upgrade torch\`, or ${other}`,
      );
    case "no device": {
      const build = cuda ? `built for CUDA ${cuda}` : "built without CUDA";
      throw new UserError(
        `backend torch: no device "${device}": PyTorch ${torch} (${build}) finds ${(found as string[]).join(", ")}`,
        device === "cuda"
          ? `${MEND_CUDA}, or take another device with --device`
          : "take another with --device, or `auto`",
      );
    }
    case "no compiler":
      throw new UserError(
        `backend torch: torch.compile needs what is not here: ${(found as string[]).join(", ")}`,
        MEND_COMPILER,
      );
    default:
      throw new UserError(`backend torch: "${python}" refuses: ${refused}`, other);
  }
}
