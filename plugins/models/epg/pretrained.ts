/** Checkpoints in place of stages: of what is sampled from, of the pre-trained encoder, of autoguidance's poor network. */
import { UserError } from "../../../harness/errors.ts";
import type { Pretrained, Task } from "../../../harness/plugin.ts";
import { encoderStates, networkStates, told } from "./checkpoint.ts";
import { openCheckpoint, type Wanted } from "./open-checkpoint.ts";
import { type EpgOptions, encoderFile } from "./options.ts";
import { PRETRAINING } from "./pretraining.ts";
import { recipeOf } from "./recipes.ts";
import { networkShape, projectorShape, type SizeName } from "./sizes.ts";
import { lastStage, POOR } from "./stages.ts";

/** What is sampled from first. @throws UserError for a poor network or an encoder that nothing would train or use */
export function pretrained(options: EpgOptions): readonly Pretrained[] {
  const { weights, guidance, size } = options;
  const poor = guidance?.kind === "autoguidance" ? guidance : null;
  const encoder = encoderFile(options);
  if (weights !== null && poor && poor.weights === null)
    throw new UserError(
      `guidance.kind is "autoguidance", whose poor network would be trained with the entry, but weights is ${JSON.stringify(weights.file)} and nothing is trained`,
      "give its checkpoint, autoguidance({ weights: … }); use guidance: { scale: … }; or train the entry, weights: null",
    );
  if (weights !== null && encoder)
    throw new UserError(
      `pretraining.weights is ${JSON.stringify(encoder.file)}, but weights is ${JSON.stringify(weights.file)} and nothing is trained from it`,
      "leave one of the two out",
    );
  if (poor?.weights && poor.size && recipeOf(poor.size).normalisation !== recipeOf(size).normalisation)
    throw new UserError(
      `guidance.size is ${JSON.stringify(poor.size)}, which sees images normalised as "${recipeOf(poor.size).normalisation}", but size ${JSON.stringify(size)} as "${recipeOf(size).normalisation}": their answers cannot be compared`,
      `use a poor network normalised as "${recipeOf(size).normalisation}": of the published sizes for a published one, of the small for a small one`,
    );
  return [
    ...(weights ? [standsFor(lastStage(options), weights, networkOf("weights", size))] : []),
    ...(encoder ? [standsFor(PRETRAINING, encoder, encoderOf(options))] : []),
    ...(poor?.weights
      ? [standsFor(POOR, poor.weights, networkOf("guidance.weights", poor.size ?? size))]
      : []),
  ];
}

function standsFor(
  stage: string,
  { file, part: role }: { readonly file: string; readonly part: Wanted["preferred"][number] },
  wanted: (task: Task) => Wanted,
): Pretrained {
  return {
    stage,
    file,
    async open(path, task) {
      const { part, read, close } = await openCheckpoint(path, wanted(task), role);
      return { part: `the part ${told(part)}`, read, close };
    },
  };
}

const networkOf =
  (option: string, size: SizeName) =>
  (task: Task): Wanted => ({
    option,
    kind: "encoder-decoder",
    states: networkStates(networkShape(size, task)),
    title: `EPG ${size} at ${task.resolution} px with ${task.classes} classes`,
    preferred: ["ema", null, "online", "target"],
  });

/** The consistency objective's loss looks through the projector too. */
const encoderOf =
  ({ size, objective }: EpgOptions) =>
  (task: Task): Wanted => {
    const projector = objective === "consistency" ? projectorShape(size) : null;
    return {
      option: "pretraining.weights",
      kind: "encoder",
      states: encoderStates(networkShape(size, task), projector),
      title: `the encoder of EPG ${size} at ${task.resolution} px${projector ? " with its projector" : ""}`,
      preferred: ["online", null, "target"],
    };
  };
