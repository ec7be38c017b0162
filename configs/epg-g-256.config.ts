/**
 * EPG-G/16 as it was trained on ImageNet at 256 pixels: FID 1.58 with 75 network calls. Guidance is the released
 * script's for XL. `--dry-run` tells what it takes; `--data FOLDER` names ImageNet's training images.
 */
import { defineConfig, epg } from "epg-bench";
import { guided, imageNet, released } from "./imagenet.ts";

export default defineConfig({
  ...imageNet(256),
  labels: "balanced",
  entries: {
    "EPG-G/16": epg({
      size: "G/16",
      ...guided(2.5),
      ...released,
      // 1,600 epochs of batches of 1,024.
      steps: 2_000_000,
    }),
  },
});
