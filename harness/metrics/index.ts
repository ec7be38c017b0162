/** Float64 metrics over feature rows, images and logits: pure functions, one idea a file. */
export { classAccuracy, fitRidgeClassifier, type RidgeClassifier } from "./class-accuracy.ts";
export {
  frechetDistance,
  frechetDistanceOfSamples,
  frechetDistanceOfStatistics,
  type Normal,
  normalOfCovariance,
  normalOfFeatures,
  normalOfMoments,
} from "./frechet-distance.ts";
export { inceptionScores } from "./inception-score.ts";
export { type Jackknifed, jackknifeError, jackknifeGroups } from "./jackknife.ts";
export {
  type KernelReference,
  kernelDistance,
  kernelDistanceOfSubsets,
  kernelReference,
} from "./kernel-distance.ts";
export {
  memorisation,
  type TrainingNeighbours,
  trainingNeighbours,
} from "./memorisation.ts";
export { addMoments, covarianceOf, meanOf, momentsOf, subtractMoments } from "./moments.ts";
export { densityCoverage, precisionRecall, type ReferenceBalls, referenceBalls } from "./precision-recall.ts";
export { peakSignalToNoise } from "./psnr.ts";
export type { Share } from "./share.ts";
export { vendiScore } from "./vendi.ts";
