/** Models whose cost can be asked for by name: as their papers trained and sampled them on ImageNet. */
import type { Descriptor } from "../plugin.ts";

export interface NamedModel {
  readonly title: string;
  readonly resolution: 256 | 512;
  readonly model: Omit<Descriptor<"model">, "kind">;
  /** Its row of the published results. */
  readonly published: string;
  /** The model whose autoencoder it is trained with, where that is not trained at its resolution. */
  readonly autoencoderOf?: string;
  /** Steps for which the autoencoder's decoder was trained further, its encoder frozen. */
  readonly decoderTuning?: { readonly steps: number; readonly batchSize: number };
  /** Where false, only sampling is counted. */
  readonly training: boolean;
  readonly notes: readonly string[];
}

const epg = (options: Readonly<Record<string, unknown>>): NamedModel["model"] => ({
  plugin: "epg",
  options: { pretraining: { steps: 600_000, temperature: "constant" }, clamp: "released", ...options },
});

/** 32 levels with EDM's last step, as the paper counts: 63 calls and 12 of guidance. */
const heun = (scale: number) => ({
  sampler: { kind: "heun", steps: 32 },
  guidance: { scale, low: 0.19, high: 1.61 },
});

const LATENT = {
  size: "DiT-XL/2",
  guidance: { scale: 1.5, channels: 3 },
  // Released as kl-f8: 246,803 steps.
  vae: { steps: 246_803 },
} as const;

const AUTOENCODER = [
  "VAE: kl-f8's 246,803 steps at its config file's batch of 12; how many devices had one is not published, so this is the least",
  "decoder tuning: sd-vae-ft-mse's 313,198 (ft-EMA) and 280,000 steps; LPIPS and discriminator are not counted in either",
];
const SIT =
  "one call of SiT's SDE gives drift and score: 250 steps, guided; the released loop makes twice as many calls, with equal inputs";

const latent = (
  options: Readonly<Record<string, unknown>>,
  settings: Pick<NamedModel, "title" | "resolution" | "published"> & Partial<NamedModel>,
): NamedModel => ({
  model: { plugin: "latent", options: { ...LATENT, ...options } },
  training: true,
  decoderTuning: { steps: 313_198 + 280_000, batchSize: 192 },
  ...settings,
  notes: [...AUTOENCODER, ...(settings.notes ?? [])],
});

const ANCESTRAL = { sampler: { kind: "ddpm", steps: 250 } };
const AT_256 = { dit: { steps: 7_000_000 } };
const AT_512 = { dit: { steps: 3_000_000 } };

export const MODELS: Readonly<Record<string, NamedModel>> = {
  "epg-xl-256": {
    title: "EPG-XL/16",
    resolution: 256,
    model: epg({ size: "XL/16", steps: 1_000_000, ...heun(2.5) }),
    published: "epg-xl16-256",
    training: true,
    notes: [],
  },
  "epg-xxl-256": {
    title: "EPG-XXL/16",
    resolution: 256,
    model: epg({ size: "XXL/16", steps: 1_000_000, ...heun(2.5) }),
    published: "epg-xxl16-256",
    training: true,
    notes: [],
  },
  "epg-g-256": {
    title: "EPG-G/16",
    resolution: 256,
    // 1,600 epochs of batches of 1,024.
    model: epg({ size: "G/16", steps: 2_000_000, ...heun(2.5) }),
    published: "epg-g16-256",
    training: true,
    notes: [],
  },
  "epg-l-512": {
    title: "EPG-L/32",
    resolution: 512,
    model: epg({ size: "L/32", steps: 1_000_000, ...heun(3.2) }),
    published: "epg-l32-512",
    training: true,
    notes: [],
  },
  "epg-l-256-onestep": {
    title: "EPG-L/16, one step",
    resolution: 256,
    model: epg({ size: "L/16", objective: "consistency", sampler: { kind: "oneStep" }, steps: 700_000 }),
    published: "epg-l16-256-cm1",
    training: true,
    notes: [],
  },
  "dit-xl2-256": latent(
    { ...ANCESTRAL, ...AT_256 },
    {
      title: "DiT-XL/2",
      resolution: 256,
      published: "dit-xl2-256-cfg1.5",
    },
  ),
  "dit-xl2-512": latent(
    { ...ANCESTRAL, ...AT_512 },
    {
      title: "DiT-XL/2",
      resolution: 512,
      published: "dit-xl2-512-cfg1.5",
      autoencoderOf: "dit-xl2-256",
    },
  ),
  "sit-xl2-256": latent(
    { objective: "flow", sampler: { kind: "sde", steps: 250 }, ...AT_256 },
    { title: "SiT-XL/2", resolution: 256, published: "sit-xl2-256-sde", notes: [SIT] },
  ),
  "latent-xl2-256-onestep": latent(
    { sampler: { kind: "oneStep" }, guidance: { scale: 1, channels: 3 }, ...AT_256 },
    {
      title: "DiT-XL/2's size, one step",
      resolution: 256,
      published: "mf-xl2-256-1",
      training: false,
      notes: ["beside it: MeanFlow-XL/2, whose training is another and is not counted"],
    },
  ),
};
