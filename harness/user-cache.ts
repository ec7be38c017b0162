import { join } from "node:path";
import envPaths from "env-paths";

/** The user's folder for what is fetched once and kept: weights and reference files. Follows XDG_CACHE_HOME and its like. */
export const userCache = (): string => envPaths("epg-bench", { suffix: "" }).cache;

/** Where extractors look for weights that are not shipped. */
export const weightsFolder = (): string => join(userCache(), "weights");
