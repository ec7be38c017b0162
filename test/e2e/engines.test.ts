/** A run on another engine has the losses of one on ONNX Runtime. */
import { describe, expect, it } from "vitest";
import openvino from "../../plugins/backends/openvino/index.ts";
import tfjs from "../../plugins/backends/tfjs/index.ts";
import { reasonToSkip } from "../conformance/present.ts";
import { command, readResult, temporaryFolder, writeTinyConfig } from "./cli.ts";
import { lossesOf } from "./losses.ts";

const SKIPPED = {
  openvino: await reasonToSkip("openvino", async () =>
    (await openvino.open(openvino.schema.parse({}))).close!(),
  ),
  tfjs: await reasonToSkip("tfjs", () => tfjs.open(tfjs.schema.parse({}))),
};

describe.each(Object.entries(SKIPPED))("on %s", (name, reason) => {
  it.skipIf(reason !== null)(
    `has ONNX Runtime's losses to 1e-4${reason === null ? "" : ` (skipped: ${reason})`}`,
    {
      timeout: 1_800_000,
    },
    async () => {
      const folder = temporaryFolder();
      writeTinyConfig(folder, { samplerSteps: 2 });
      const run = (...args: string[]) => command(folder, ["run", "-c", "tiny.config.ts", ...args]);
      // A shard that is all of the run trains as it does, and scores nothing.
      await run("--output", "here", "--shard", "1/1");
      expect((await run("--output", "there", "--backend", name)).exitCode).toBe(0);
      expect(readResult(folder, "there").env.backend).toMatch(new RegExp(`^${name} \\d`));
      const [here, there] = [lossesOf(folder, "here"), lossesOf(folder, "there")];
      expect(Object.keys(here)).toHaveLength(4);
      for (const [stage, losses] of Object.entries(here)) {
        expect(there[stage]).toHaveLength(losses.length);
        losses.forEach((loss, i) => {
          expect(Math.abs(there[stage]![i]! / loss - 1), `${stage}, step ${i + 1}`).toBeLessThan(1e-4);
        });
      }
    },
  );
});
