/** Flags of the verbs that show images to a network. */
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import type { ExtractorChoice } from "../evaluate/open-extractor.ts";
import { wholeNumber } from "./arguments.ts";

export interface ExtractorFlags {
  readonly as?: string;
  readonly features: string;
  readonly weights?: string;
  readonly threads: number;
}

export const extractorOptions = (command: Command): Command =>
  command
    .option(
      "--as <tool>",
      "whose preprocessing, arithmetic and n: adm, torch-fidelity, pytorch-fid, clean-fid, clean-fid-legacy-pytorch, clean-fid-legacy-tensorflow, edm, dgm-eval, dgm-eval-clean-resize",
    )
    .option("--features <name>", "what sees the images: inception, efficientnet-lite0 or a path", "inception")
    .option("--weights <file>", "Inception's weights (default: EPG_BENCH_INCEPTION, then the user's cache)")
    .option("--threads <n>", "threads", wholeNumber(1), 2);

/** @throws UserError for Inception's weights beside another network */
export function extractorOf({ as, features, weights, threads }: ExtractorFlags): ExtractorChoice {
  const inception = features === "inception";
  if (weights !== undefined && !inception)
    throw new UserError(
      `--weights ${weights}: they would be Inception's, and --features is ${features}`,
      "leave out one of the two",
    );
  const options = {
    ...(weights === undefined ? {} : { weights }),
    ...(inception && as !== undefined ? { as } : {}),
  };
  return { plugin: features, options, threads };
}
