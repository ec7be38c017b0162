/** Sampling over a latent model's open networks: the solver's calls, then one decoding. */
import type { Executable, Sampler } from "../../../../harness/plugin.ts";
import type { Tensor } from "../../../../harness/program/index.ts";
import type { Stream } from "../../../../harness/random/index.ts";
import { drawNormals } from "../noise.ts";
import { described, isAdaptive, type SamplerChoice, solverOf } from "./choice.ts";
import { PROCESSES } from "./denoiser.ts";
import { type Guidance, guidedNetwork, type LatentShape } from "./network.ts";
import type { Objective } from "./objective.ts";
import { toImages } from "./to-images.ts";

/** Networks that are open, wherever they run, and what is asked of them. */
export interface OpenNetworks {
  readonly objective: Objective;
  readonly sampler: SamplerChoice;
  readonly guidance: Guidance;
  readonly network: Pick<Executable, "run" | "dispose">;
  readonly decoder: {
    /** Latents as they were before scaling → images, NCHW, −1 to 1. */
    decode(latents: Tensor): Promise<Tensor>;
    dispose(): Promise<void>;
  };
  /** What latents were multiplied by in training. */
  readonly scale: number;
  readonly shape: LatentShape;
  readonly batchSize: number;
  /** More for the description. */
  readonly about: Sampler["description"];
}

export function samplerOver(open: OpenNetworks): Sampler {
  const { network, decoder, scale, shape: config, batchSize, objective, sampler: choice, guidance } = open;
  const shape = [batchSize, config.latentChannels, config.side, config.side];
  const size = config.latentChannels * config.side ** 2;
  const solve = solverOf(choice, objective);

  const drawn = (streams: readonly Stream[], ...keys: readonly (string | number)[]): Float32Array =>
    drawNormals(
      streams.map((stream) => stream.stream(...keys)),
      size,
    );

  return {
    batchSize,
    ...(isAdaptive(choice) && { adaptive: true as const }),
    description: {
      ...described(choice, objective),
      ...guidanceDescribed(guidance),
      clamp: false,
      ...open.about,
    },
    async sample(streams, labels) {
      const { sigmaAt } = PROCESSES[objective];
      const guided = guidedNetwork(network, config, guidance, sigmaAt, labels);
      const noise = (step: number) => drawn(streams, "noise", step);
      const x = await solve(guided, drawn(streams, "start"), size, noise);
      const latents: Tensor = { dtype: "float32", shape, data: x.map((value) => value / scale) };
      return toImages(await decoder.decode(latents));
    },
    async dispose() {
      await network.dispose();
      await decoder.dispose();
    },
  };
}

const guidanceDescribed = ({ scale, channels, low, high }: Guidance) => ({
  guidanceScale: scale,
  guidedChannels: channels,
  ...(low === 0 && high === null ? {} : { guidanceLow: low, guidanceHigh: high ?? "none" }),
});
