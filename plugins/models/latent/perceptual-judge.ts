/** LPIPS as a measure of what became of images. */
import { inBatches } from "../../../harness/batches.ts";
import type { Reconstructor, Runtime, StageWeights } from "../../../harness/plugin.ts";
import { trace } from "../../../harness/program/index.ts";
import { toNetwork } from "./images.ts";
import { perceptualDistance } from "./perceptual.ts";
import { PERCEPTUAL_NETS, type PerceptualNetName } from "./perceptual-nets.ts";
import { PERCEPTUAL_FILES } from "./vae-stage.ts";

/** Pairs a call. */
const BATCH = 8;

type Judge = NonNullable<Reconstructor["judge"]> & { dispose(): Promise<void> };

/** null where its weights are not given: pictures of training are not judged. */
export async function openPerceptualJudge(
  name: PerceptualNetName,
  resolution: number,
  weights: StageWeights,
  runtime: Runtime,
): Promise<Judge | null> {
  const halves = PERCEPTUAL_FILES.flatMap((file) => (weights[file] ? [weights[file]] : []));
  if (halves.length < PERCEPTUAL_FILES.length) return null;
  const net = PERCEPTUAL_NETS[name];
  const program = trace("lpips", (p) => {
    const image = (input: string) => p.input(input, [BATCH, 3, resolution, resolution]);
    p.output("distance", perceptualDistance(p, net, image("x"), image("y")));
  });
  const executable = await runtime.compile(program, Object.assign({}, ...halves), "extractor");
  const bytes = 3 * resolution ** 2;
  return {
    metric: `lpips-${name}`,
    convention: `LPIPS 0.1 (arXiv:1801.03924) through ${net.title}, of 8-bit images in [−1, 1]`,
    distances(images, made) {
      const n = images.length / bytes;
      return inBatches(n, BATCH, new Float32Array(n), async (positions) => {
        const at = (all: Uint8Array) =>
          toNetwork(
            Buffer.concat(positions.map((k) => all.subarray(k * bytes, (k + 1) * bytes))),
            resolution,
          );
        const { distance } = await executable.run({ x: at(images), y: at(made) });
        return distance!.data as Float32Array;
      });
    },
    dispose: () => executable.dispose(),
  };
}
