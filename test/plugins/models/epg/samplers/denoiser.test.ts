import { expect, test } from "vitest";
import {
  type DenoiserSettings,
  denoiserOf,
  denoiserProgram,
} from "../../../../../plugins/models/epg/samplers/denoiser.ts";
import { fakeNetwork, settings } from "./fake-network.ts";

const labels = Int32Array.of(0, 1);
const x = new Float32Array(2 * 3 * 32 * 32);
/** Levels meet images of 32 px halved. */
const SHIFT = 1 / 2;

const denoiserThat = (answer: (label: number) => number, given: DenoiserSettings = settings) =>
  denoiserOf(
    { network: fakeNetwork(denoiserProgram(given), (_, label) => answer(label)), poor: null },
    given,
    labels,
  );

test("guidance extrapolates from the unlabelled answer, inside its interval only", async () => {
  const denoise = denoiserThat((label) => (label === 3 ? 0.1 : 0.1 * (label + 2)));
  const guided = await denoise(x, 1.0 * SHIFT);
  expect(guided[0]).toBeCloseTo(0.1 + 2.5 * 0.1, 6);
  expect(guided.at(-1)).toBeCloseTo(0.1 + 2.5 * 0.2, 6);
  expect((await denoise(x, 1.61 * SHIFT))[0]).toBeCloseTo(0.35, 6);
  for (const outside of [0.19, 1.62]) expect((await denoise(x, outside * SHIFT))[0]).toBeCloseTo(0.2, 6);
});

test("autoguidance extrapolates from the poor network's answer for the same labels: scale 1 is none", async () => {
  const poor = { shape: settings.shape, weights: {} };
  const at = (scale: number) => {
    const guided = { ...settings, guidance: { scale, low: 0, high: null, poor } };
    const network = fakeNetwork(denoiserProgram(guided), (_, label) => 0.1 * (label + 2));
    const worse = fakeNetwork(denoiserProgram(guided), (_, label) => 0.1 * label);
    return denoiserOf({ network, poor: worse }, guided, labels)(x, 80 * SHIFT);
  };
  expect((await at(1.5))[0]).toBeCloseTo(0 + 1.5 * 0.2, 6);
  expect((await at(1.5)).at(-1)).toBeCloseTo(0.1 + 1.5 * 0.2, 6);
  expect((await at(1))[0]).toBeCloseTo(0.2, 6);
});

test("what is seen is clamped: to each channel's range, or to [−1, 1] as released", async () => {
  const wild = (given: Partial<DenoiserSettings>) => denoiserThat(() => 7, { ...settings, ...given })(x, 10);
  expect((await wild({}))[0]).toBe(1);
  const whites = await wild({ normalisation: "imagenet" });
  expect([0, 1, 2].map((channel) => whites[channel * 32 * 32]!.toFixed(2))).toEqual(["1.12", "1.21", "1.32"]);
  expect((await wild({ normalisation: "imagenet", clamp: "released" }))[0]).toBe(1);
});
