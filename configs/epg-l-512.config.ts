/**
 * EPG-L/32 as it was trained on ImageNet at 512 pixels: FID 2.35 with 75 network calls. `--dry-run` tells what that
 * takes; `--data FOLDER` names ImageNet's training images, in a folder a class.
 */
import { defineConfig, epg } from "epg-bench";
import { guided, imageNet, released } from "./imagenet.ts";

export default defineConfig({
  ...imageNet(512),
  // The released script does not balance them.
  labels: "frequency",
  entries: {
    "EPG-L/32": epg({
      size: "L/32",
      ...guided(3.2),
      ...released,
      steps: 1_000_000,
    }),
  },
});
