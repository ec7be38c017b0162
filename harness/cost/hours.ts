/**
 * The published hours of EPG and of its latent rival, held against the multiply-accumulates that we count: two claims,
 * joined by the utilisation of the devices that they imply together.
 */
import { type Devices, devicesOf, hoursAt, utilisation } from "../measure/utilisation.ts";
import { publishedTraining } from "../references/published.ts";
import type { EntryCost } from "./entry-cost.ts";

interface HoursClaim {
  readonly what: string;
  readonly hours: number;
  readonly hardware: string;
  readonly macs: number;
  /** Where not all that took these hours is published. */
  readonly atLeast: boolean;
  /** Part of the devices' peak at 2 FLOPs a multiply-accumulate. */
  readonly utilisation: number;
}

/** What "139 h" may mean. */
interface Reading {
  readonly meaning: string;
  /** Pre-training and fine-tuning. */
  readonly hours: number;
  /** That of the 139 h. */
  readonly utilisation: number;
  /** What it makes the pre-training last, for which 57 h were published. */
  readonly pretrainingHours: number;
  readonly relativeError: number;
}

/** EPG's training over its rival's, by how the autoencoder is billed. */
interface Ratio {
  readonly autoencoderShare: number;
  /** In each reading of the hours, in their order. */
  readonly hours: readonly number[];
  readonly macs: number;
  /** Where the rival encodes every image anew at every step. */
  readonly macsEncodingEveryStep: number;
}

export interface PublishedHours {
  readonly claims: readonly HoursClaim[];
  readonly readings: readonly Reading[];
  readonly ratios: readonly Ratio[];
}

const hoursOf = (id: string): { hours: number; hardware: string; devices: Devices } => {
  const { hours, hardware } = publishedTraining(id);
  return { hours: hours!, hardware: hardware!, devices: devicesOf(hardware!) };
};

const macsOf = ({ training }: EntryCost, wanted: string): number =>
  training.find(({ stage }) => stage === wanted)!.macs;

/** All that autoencoders took. */
const autoencoderMacs = ({ training }: EntryCost): number =>
  training.reduce((total, { autoencoder, macs }) => total + (autoencoder ? macs : 0), 0);

/**
 * @param epg as `epg-xl-256`, with stages "pre-training" and "diffusion fine-tuning"
 * @param latent as `dit-xl2-256`, with an autoencoder and a stage "DiT"
 * @param shares of the autoencoder that the rival pays: 1, 1/K, 0
 */
export function publishedHours(epg: EntryCost, latent: EntryCost, shares: readonly number[]): PublishedHours {
  const pretraining = macsOf(epg, "pre-training");
  const fineTuning = macsOf(epg, "diffusion fine-tuning");
  const claims = [
    claim("EPG pre-training", "epg-pretrain", pretraining),
    claim("EPG-XL fine-tuning, if 139 h are its own", "epg-xl-finetune", fineTuning),
    claim("EPG-XL in all, if 139 h are the total", "epg-xl-finetune", pretraining + fineTuning),
    { ...claim("SD-VAE", "sdvae-mse-by-epg", autoencoderMacs(latent)), atLeast: true },
    claim("DiT-XL/2", "dit-xl2-by-epg", macsOf(latent, "DiT")),
  ];
  const [first, own, all] = claims as [HoursClaim, HoursClaim, HoursClaim];
  const readings = [
    reading("fine-tuning alone, after 57 h of pre-training", first.hours + own.hours, own, pretraining),
    reading("the total, pre-training in it", all.hours, all, pretraining),
  ];
  const vae = autoencoderMacs(latent);
  const encoding = macsOf(latent, "DiT: encoding the data set");
  const [vaeHours, ditHours] = [hoursOf("sdvae-mse-by-epg").hours, hoursOf("dit-xl2-by-epg").hours];
  const ratios = shares.map((autoencoderShare): Ratio => {
    const network = macsOf(latent, "DiT") + autoencoderShare * vae;
    return {
      autoencoderShare,
      hours: readings.map(({ hours }) => hours / (ditHours + autoencoderShare * vaeHours)),
      macs: (pretraining + fineTuning) / (network + encoding),
      macsEncodingEveryStep: (pretraining + fineTuning) / (network + latent.encodingEveryStepMacs!),
    };
  });
  return { claims, readings, ratios };
}

/** The published hours of EPG-XL alone, and what they imply of the devices. */
export interface ImpliedUtilisation {
  /** Pre-training and fine-tuning. */
  readonly claims: readonly [HoursClaim, HoursClaim];
  /** Of both together. */
  readonly utilisation: number;
}

/** @param epg as `epg-xl-256`; its 139 h as fine-tuning alone, the reading that agrees with the 57 h */
export function impliedUtilisation(epg: EntryCost): ImpliedUtilisation {
  const first = claim("EPG pre-training", "epg-pretrain", macsOf(epg, "pre-training"));
  const then = claim("EPG-XL fine-tuning", "epg-xl-finetune", macsOf(epg, "diffusion fine-tuning"));
  const { devices } = hoursOf("epg-pretrain");
  return {
    claims: [first, then],
    utilisation: utilisation(2 * (first.macs + then.macs), first.hours + then.hours, devices),
  };
}

function claim(what: string, id: string, macs: number): HoursClaim {
  const { hours, hardware, devices } = hoursOf(id);
  const used = utilisation(2 * macs, hours, devices);
  return { what, hours, hardware, macs, atLeast: false, utilisation: used };
}

function reading(meaning: string, hours: number, fitted: HoursClaim, pretraining: number): Reading {
  const { hours: published, devices } = hoursOf("epg-pretrain");
  const pretrainingHours = hoursAt(2 * pretraining, devices, fitted.utilisation);
  return {
    meaning,
    hours,
    utilisation: fitted.utilisation,
    pretrainingHours,
    relativeError: pretrainingHours / published - 1,
  };
}
