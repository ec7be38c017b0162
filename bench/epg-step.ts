/** `epg-step-<stage>`: a training step of EPG `small` at 64 px against the same in PyTorch, eager and compiled. */
import type { Stage, StageContext } from "../harness/plugin.ts";
import type { Tensors } from "../harness/program/index.ts";
import { createStream, type Stream } from "../harness/random/index.ts";
import { initialState } from "../harness/run/initial-state.ts";
import shapes from "../plugins/datasets/shapes/index.ts";
import epg from "../plugins/models/epg/index.ts";
import { recipeOf } from "../plugins/models/epg/recipes.ts";
import { networkShape, projectorShape } from "../plugins/models/epg/sizes.ts";
import { nudged } from "./nudged.ts";
import type { BenchRow } from "./row.ts";
import { compareSteps, type StepBench } from "./steps.ts";

export const STAGES = ["pretraining", "diffusion", "consistency"] as const;
type StageName = (typeof STAGES)[number];

export const EPG_STEPS: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  STAGES.map((stage) => [`epg-step-${stage}`, async () => compareSteps(await epgStep(stage))]),
);

const SIZE = "small";
/** Of a schedule that is past its warm-up; all steps take the same batch. */
const STEP = 300;
const STEPS = 1000;
/** Low, so that what float32 rounds away in the first step's gradients does not tell the next losses apart. */
const LEARNING_RATE = 1e-4;
const EMA_DECAY = 0.99;

export async function epgStep(name: StageName, batchSize?: number, recompute = false): Promise<StepBench> {
  const random = createStream(0, "bench", name);
  const opened = { seed: 0, cacheFolder: "", baseFolder: "", threads: 2 };
  const dataset = await shapes.open(
    { resolution: 64, train: 256, reference: 8, heldOut: 8 } as never,
    opened,
  );
  const task = { resolution: dataset.resolution, classes: dataset.classes.length };
  const objective = name === "consistency" ? "consistency" : "diffusion";
  const [pretraining, tuning] = epg.stages(
    epg.schema.parse({ size: SIZE, objective, batchSize, recompute }) as never,
    task,
  ) as [Stage, Stage];
  const stage = name === "pretraining" ? pretraining : tuning;
  const contextOf = (previous: StageContext["previous"]): StageContext => ({
    task,
    steps: STEPS,
    batchSize: stage.batchSize,
    train: dataset.train,
    random,
    previous,
    runtime: { compile: () => Promise.reject(new Error("a training stage compiles nothing itself")) },
  });
  const encoder = pretraining.result(begun(pretraining, contextOf({}), random.stream("encoder")));
  const context = contextOf({ [pretraining.name]: encoder });
  const state = begun(stage, context, random.stream("state"));
  const recipe = recipeOf(SIZE)[name];
  const optimiser = {
    learningRate: LEARNING_RATE,
    beta1: recipe.beta1,
    beta2: recipe.beta2,
    emaDecay: EMA_DECAY,
  };
  const owned = stage.program.states.map((one) => one.name).filter((one) => !/^(adam\.|ema\/)/.test(one));
  return {
    id: `epg-step-${name}`,
    program: stage.program,
    state,
    batch: await stage.batches(context, state)(STEP),
    optimiser,
    peer: {
      script: "epg_step.py",
      weights: Object.fromEntries(owned.map((one) => [one, state[one]!])),
      setting: {
        stage: name,
        ...networkShape(SIZE, task),
        projector: projectorShape(SIZE),
        states: owned,
        ...optimiser,
        weightDecay: recipe.weightDecay,
      },
      modes: ["eager", "compile"],
    },
    rounds: 6,
    steps: 4,
  };
}

/** As the stage begins, nudged. */
function begun(stage: Stage, context: StageContext, random: Stream): Tensors {
  const start = stage.start(context);
  const state = initialState(stage.program, random, start);
  return initialState(stage.program, random, { ...start, ...nudged(stage.program.states, state, random) });
}
