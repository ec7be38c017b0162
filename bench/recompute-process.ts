/** What `recompute.ts` measures, in a process that does nothing else: three steps of EPG `small`'s diffusion at 64 px. */
import { UserError } from "../harness/errors.ts";
import { peakMemoryBytes } from "../harness/measure/memory.ts";
import { ENGINES } from "./engines.ts";
import { epgStep } from "./epg-step.ts";
import { BATCH } from "./recompute.ts";
import { stepper } from "./steps.ts";

const STEPS = 3;

const [engine, recompute] = process.argv.slice(2);

async function measured(): Promise<object> {
  const bench = await epgStep("diffusion", BATCH, recompute === "true");
  const backend = await ENGINES[engine!]!();
  const step = stepper(await backend.compile(bench.program, bench.state), bench);
  const before = peakMemoryBytes(backend);
  for (let i = 0; i < STEPS; i++) await step();
  const bytes = peakMemoryBytes(backend) - before;
  await backend.close?.();
  return { bytes };
}

console.log(
  JSON.stringify(
    await measured().catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      return { skipped: error.message };
    }),
  ),
);
