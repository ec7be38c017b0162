/** The product as its users run it, built: what compiles these benches on the fly makes slower code. */
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";

/** Builds `dist/` where the sources have changed, and loads modules of it by their path among the sources. */
export async function openProduct() {
  await execaNode(fileURLToPath(new URL("../scripts/build.js", import.meta.url)));
  const from = (path: string) => import(new URL(`../dist/${path}.js`, import.meta.url).href);
  const train: typeof import("../harness/run/train.ts") = await from("harness/run/train");
  const steps: typeof import("../harness/run/steps.ts") = await from("harness/run/steps");
  const feed: typeof import("../harness/run/feed.ts") = await from("harness/run/feed");
  const opening: typeof import("../harness/run/open-stage.ts") = await from("harness/run/open-stage");
  const threads: typeof import("../harness/run/batch-threads.ts") = await from("harness/run/batch-threads");
  const checkpoint: typeof import("../harness/run/checkpoint.ts") = await from("harness/run/checkpoint");
  const curve: typeof import("../harness/run/curve.ts") = await from("harness/run/curve");
  const random: typeof import("../harness/random/index.ts") = await from("harness/random/index");
  const start: typeof import("../harness/run/initial-state.ts") = await from("harness/run/initial-state");
  const backends: typeof import("../plugins/backends/onnxruntime/index.ts") = await from(
    "plugins/backends/onnxruntime/index",
  );
  const datasets: typeof import("../plugins/datasets/shapes/index.ts") = await from(
    "plugins/datasets/shapes/index",
  );
  const models: typeof import("../plugins/models/epg/index.ts") = await from("plugins/models/epg/index");
  const latents: typeof import("../plugins/models/latent/index.ts") = await from(
    "plugins/models/latent/index",
  );
  const encoder: typeof import("../plugins/models/latent/encoder.ts") = await from(
    "plugins/models/latent/encoder",
  );
  return {
    ...train,
    ...steps,
    ...feed,
    ...opening,
    ...threads,
    ...checkpoint,
    ...curve,
    ...random,
    ...start,
    ...encoder,
    onnxruntime: backends.default,
    shapes: datasets.default,
    epg: models.default,
    latent: latents.default,
  };
}
