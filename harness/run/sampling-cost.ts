/** What an image cost: as the runtime counted it, or, of what is computed elsewhere, as it is told. */
import type { Tallies, Tally } from "../measure/counting.ts";
import type { Elsewhere } from "../plugin.ts";
import type { SampledElsewhere, SampledHere } from "./jobs.ts";

type NotCost = "n" | "resolution" | "batchSize" | "description" | "wallSeconds" | "peakMemoryBytes";

/** @param batches made in this process, each of `batchSize` images */
export function countedCost(
  tallies: Tallies,
  batches: number,
  batchSize: number,
): Omit<SampledHere, NotCost> {
  const perImage = ({ calls, macs, flops }: Tally) => ({
    calls: calls / batches,
    macs: macs / (batches * batchSize),
    flops: flops / (batches * batchSize),
  });
  const [network, decoder] = [perImage(tallies.network), perImage(tallies.decoder)];
  return {
    nfe: network.calls,
    elsewhere: null,
    told: null,
    decoderCalls: decoder.calls,
    macsPerImage: network.macs + decoder.macs,
    flopsPerImage: network.flops + decoder.flops,
    decoderMacsPerImage: decoder.macs,
    decoderFlopsPerImage: decoder.flops,
    networkParameters: tallies.network.parameters,
    decoderParameters: tallies.decoder.parameters,
  };
}

/** FLOPs are 2·MACs and the element-wise operations, which nobody tells. */
export function toldCost(elsewhere: Elsewhere): Omit<SampledElsewhere, NotCost> {
  const { calls, macs, parameters, decoder } = elsewhere;
  const decoderParameters = decoder?.parameters.value ?? 0;
  return {
    nfe: calls?.value ?? null,
    elsewhere,
    told: macs?.by ?? null,
    decoderCalls: decoder?.calls.value ?? 0,
    macsPerImage: macs?.value ?? null,
    flopsPerImage: null,
    decoderMacsPerImage: decoder ? (decoder.macs?.value ?? null) : 0,
    decoderFlopsPerImage: decoder ? null : 0,
    networkParameters: parameters && parameters.value - decoderParameters,
    decoderParameters,
  };
}
