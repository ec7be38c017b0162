/** Float64 metrics over feature rows, images and logits: pure functions, one idea a file. */
export { classAccuracy, fitRidgeClassifier, type RidgeClassifier } from "./class-accuracy.ts";
export { frechetDistance, frechetDistanceOfStatistics } from "./frechet-distance.ts";
export { frechetInfinity, frechetInfinityOfSamples, frechetInfinitySizes } from "./frechet-infinity.ts";
export { frechetDistanceOfRows, frechetDistanceOfSamples } from "./frechet-samples.ts";
export {
  inceptionScore,
  inceptionScores,
  inceptionScoresOfChunks,
  inceptionScoresOfWholeSplits,
} from "./inception-score.ts";
export { type Jackknifed, jackknifeError, jackknifeGroups } from "./jackknife.ts";
export {
  type KernelReference,
  kernelDistance,
  kernelDistanceOfSubsets,
  kernelReference,
} from "./kernel-distance.ts";
export { cleanFidSubsets, torchFidelitySubsets } from "./kernel-subsets.ts";
export { chanceAccuracy, KNN, knnAccuracy, type LabelledFeatures } from "./knn-accuracy.ts";
export {
  memorisation,
  type TrainingNeighbours,
  trainingNeighbours,
} from "./memorisation.ts";
export {
  addMoments,
  covarianceOf,
  type MomentsAccumulator,
  meanOf,
  momentsAccumulator,
  momentsOf,
  subtractMoments,
} from "./moments.ts";
export {
  type Normal,
  normalOfCovariance,
  normalOfFeatures,
  normalOfMoments,
  type Statistics,
} from "./normal.ts";
export {
  densityCoverage,
  fScore,
  precisionRecall,
  type ReferenceBalls,
  referenceBalls,
} from "./precision-recall.ts";
export { admPrecisionRecall } from "./precision-recall-adm.ts";
export { peakSignalToNoise } from "./psnr.ts";
export type { Share } from "./share.ts";
export { type Spread, spreadOf } from "./spread.ts";
export { SSIM_WINDOW, structuralSimilarity } from "./ssim.ts";
export { float32Mean, float64Mean } from "./tool-mean.ts";
export { vendiJackknife, vendiOfClasses, vendiScore } from "./vendi.ts";
