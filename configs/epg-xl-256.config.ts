/**
 * EPG-XL/16 as it was trained on ImageNet at 256 pixels: FID 2.04 with 75 network calls. `--dry-run` tells what that
 * takes; `--data FOLDER` names ImageNet's training images, in a folder a class.
 */
import { defineConfig, epg } from "epg-bench";
import { guided, imageNet, released } from "./imagenet.ts";

export default defineConfig({
  ...imageNet(256),
  labels: "balanced",
  entries: {
    "EPG-XL/16": epg({
      size: "XL/16",
      ...guided(2.5),
      ...released,
      steps: 1_000_000,
    }),
  },
});
