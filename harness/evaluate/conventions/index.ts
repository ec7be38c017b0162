/** Whose numbers can be asked for, by the name of `--as`. */
import { UserError } from "../../errors.ts";
import { suggestion } from "../../suggest.ts";
import { adm } from "./adm.ts";
import { cleanFid, cleanFidLegacyPytorch, cleanFidLegacyTensorflow } from "./clean-fid.ts";
import type { Convention } from "./convention.ts";
import { dgmEval, dgmEvalCleanResize } from "./dgm-eval.ts";
import { edm } from "./edm.ts";
import { own } from "./own.ts";
import { pytorchFid } from "./pytorch-fid.ts";
import { torchFidelity } from "./torch-fidelity.ts";

const TOOLS: ReadonlyMap<string, Convention> = new Map(
  [
    adm,
    torchFidelity,
    pytorchFid,
    cleanFid,
    cleanFidLegacyPytorch,
    cleanFidLegacyTensorflow,
    edm,
    dgmEval,
    dgmEvalCleanResize,
  ].map((convention) => [convention.tool!, convention]),
);

/**
 * @param tool the name given by `--as`; null for our own
 * @throws UserError for a tool that is not known
 */
export function conventionOf(tool: string | null): Convention {
  if (tool === null) return own;
  const found = TOOLS.get(tool);
  if (found) return found;
  throw new UserError(`--as ${tool}: there is no such tool`, suggestion(tool, [...TOOLS.keys()]));
}
