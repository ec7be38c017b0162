import { describe, expect, test } from "vitest";
import { type Tensors, trace } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";
import { column, floats } from "../../../../plugins/models/epg/batches.ts";
import { scaleInput } from "../../../../plugins/models/epg/denoising.ts";
import { encoderProbe } from "../../../../plugins/models/epg/encoder-probe.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { representation } from "../../../../plugins/models/epg/network.ts";
import { type EpgInput, schema } from "../../../../plugins/models/epg/options.ts";
import { levelInputs, levelTensors } from "../../../../plugins/models/epg/pretraining.ts";
import { resolutionShift } from "../../../../plugins/models/epg/schedules.ts";
import { networkShape } from "../../../../plugins/models/epg/sizes.ts";
import { karrasLevel } from "../../../../plugins/models/solvers/levels.ts";
import { contextOf, TASK } from "./stage-context.ts";

const BATCH = 2;
const options = (input: EpgInput = {}) => schema.parse(input);
const probe = encoderProbe(options(), TASK, BATCH)!;
const stage = model.stages(options(), TASK)[0]!;
const weights: Tensors = stage.result(initialState(stage.program, createStream(1), {}));
const backend = await onnxruntime.open({ threads: 1 });
const images = await contextOf(BATCH, 1).train.images([0, 1]);

const encoded = async (batch: Uint8Array): Promise<Float32Array> => {
  const encoder = await probe.open(weights, backend);
  const features = await encoder.encode(batch);
  await encoder.dispose();
  return features;
};

test("the features are the representation at pre-training's last level, of images without noise", async () => {
  const shape = networkShape("tiny", TASK);
  const program = trace("z", (p) => {
    const { sigma, time } = levelInputs(p, "level", BATCH);
    const x = p.input("x", [BATCH, 3, shape.resolution, shape.resolution]);
    p.output("z", representation(p, shape, scaleInput(x, sigma), time));
  });
  const side = shape.resolution;
  // "simple": 2x − 1, and NHWC to NCHW
  const x = column(
    Array.from({ length: images.length }, (_, i) => {
      const [image, channel, pixel] = [
        Math.floor(i / (3 * side ** 2)),
        Math.floor(i / side ** 2) % 3,
        i % side ** 2,
      ];
      return (2 * images[(image * side ** 2 + pixel) * 3 + channel]!) / 255 - 1;
    }),
  ).data as Float32Array;
  const sigma = karrasLevel(1279, 1280) * resolutionShift(side);
  const network = await backend.compile(program, weights);
  const { z } = await network.run({
    x: floats([BATCH, 3, side, side], x),
    ...levelTensors("level", [sigma, sigma]),
  });
  const found = await encoded(images);
  expect(found).toHaveLength(BATCH * probe.dims);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(z!.data[i]!, 4);
  });
});

test("an image's features depend on it alone", async () => {
  const one = images.subarray(0, images.length / 2);
  const [both, twice] = [await encoded(images), await encoded(Uint8Array.from([...one, ...one]))];
  expect(twice.subarray(0, probe.dims)).toEqual(both.subarray(0, probe.dims));
  expect(twice.subarray(probe.dims)).toEqual(both.subarray(0, probe.dims));
  expect(both.subarray(probe.dims)).not.toEqual(both.subarray(0, probe.dims));
});

describe("the probe", () => {
  test("says whose weights it reads, and names the stage that hands them on", () => {
    expect(probe.stage).toBe(stage.name);
    expect(probe.convention).toContain("online weights");
    const target = model.encoderProbe!(options({ pretraining: { weights: "target" } }), TASK)!;
    expect(target.convention).toContain("target weights");
  });

  test("is none without pre-training", () => {
    expect(model.encoderProbe!(options({ pretraining: { share: 0 } }), TASK)).toBeNull();
  });
});
