/** Why a worker does not start, told as what was found, what is needed, and how to come by it. */
import { UserError } from "../../../harness/errors.ts";
import type { Frame } from "../worker/frames.ts";
import { type Library, OTHER_PYTHON, requireLibrary } from "../worker/python.ts";
import type { TorchSettings } from "./worker.ts";

const INSTALL = "see pytorch.org/get-started";
export const MEND_CUDA = `check \`nvidia-smi\`, and install a PyTorch built for its CUDA version (${INSTALL})`;
export const MEND_COMPILER =
  "install it (on Debian: `apt install g++ python3-dev`), or run without torch.compile: --no-compile";

const PYTORCH: Library = { name: "PyTorch", package: "torch", oldest: "2.4", hint: `for a GPU ${INSTALL}` };

/**
 * @param first the first frame, or what came in its place
 * @param spawnError the system's code where the process could not even be started
 */
export function requireUsable(
  { python, device }: TorchSettings,
  first: Frame | Error,
  spawnError?: string,
): void {
  const { refused, found, torch, cuda } = requireLibrary("torch", python, PYTORCH, first, spawnError);
  switch (refused) {
    case undefined:
      return;
    case "no device": {
      const build = cuda ? `built for CUDA ${cuda}` : "built without CUDA";
      throw new UserError(
        `backend torch: no device "${device}": PyTorch ${torch} (${build}) finds ${(found as string[]).join(", ")}`,
        device === "cuda"
          ? `${MEND_CUDA}, or take another device with --device`
          : "take another with --device, or `auto`",
      );
    }
    case "no tf32":
      throw new UserError(
        `backend torch: precision tf32 is of NVIDIA's GPUs from Ampere on; this computes on ${found}`,
        "drop it (--precision f32), or take another device: --device cuda",
      );
    case "no compiler":
      throw new UserError(
        `backend torch: torch.compile needs what is not here: ${(found as string[]).join(", ")}`,
        MEND_COMPILER,
      );
    default:
      throw new UserError(`backend torch: "${python}" refuses: ${refused}`, OTHER_PYTHON);
  }
}
