/** Time of a repeated piece of work, by tinybench: warmed up, median and spread over rounds. */
import { Bench } from "tinybench";

export interface Timing {
  /** Milliseconds of one round. */
  readonly median: number;
  /** Of the median, milliseconds: 1.2533·σ/√n with σ = 1.4826·MAD, as of normal noise. */
  readonly standardError: number;
  readonly rounds: number;
}

/** Runs `work` at least `rounds` times and for at least `milliseconds`, after one round of warm-up. */
export async function timed(
  work: () => Promise<unknown>,
  rounds: number,
  milliseconds: number,
): Promise<Timing> {
  const bench = new Bench({
    iterations: rounds,
    time: milliseconds,
    warmupIterations: 1,
    warmupTime: 0,
    throws: true,
  });
  bench.add("work", async () => {
    await work();
  });
  const [task] = await bench.run();
  const result = task!.result;
  if (!("latency" in result)) throw new Error(`timing ended in state ${result.state}`);
  const { p50, mad, samplesCount } = result.latency;
  return {
    median: p50,
    standardError: (1.2533 * 1.4826 * mad) / Math.sqrt(samplesCount),
    rounds: samplesCount,
  };
}
