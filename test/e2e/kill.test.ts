/** Kills of a run on ONNX Runtime: `npm run test:kills` kills twenty times for each seed, the whole suite less often. */
import { survivesKills } from "./kills.ts";

survivesKills(process.env.npm_lifecycle_event === "test:kills" ? 20 : 4);
