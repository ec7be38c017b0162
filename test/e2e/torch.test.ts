/** A run on PyTorch, in two processes, has the losses of one on ONNX Runtime, and goes on in one where it was killed. */
import { describe, expect, it } from "vitest";
import plugin from "../../plugins/backends/torch/index.ts";
import { reasonToSkip } from "../conformance/present.ts";
import { command, eventsOf, readResult, temporaryFolder, writeTinyConfig } from "./cli.ts";
import { lossesOf } from "./losses.ts";

const ON_TORCH = ["--backend", "torch", "--device", "cpu", "--no-compile"];
const skipped = await reasonToSkip("torch", async () =>
  (await plugin.open(plugin.schema.parse({ device: "cpu", compile: false }))).close!(),
);

describe.skipIf(skipped !== null)(`on PyTorch${skipped === null ? "" : ` (skipped: ${skipped})`}`, () => {
  it("has ONNX Runtime's losses to 1e-4, stopped and gone on with", { timeout: 900_000 }, async () => {
    const folder = temporaryFolder();
    writeTinyConfig(folder, { epgSteps: 12, samplerSteps: 2 });
    const run = (...args: string[]) => command(folder, ["run", ...args]);
    await run("-c", "tiny.config.ts", "--output", "here");

    const stopped = run("-c", "tiny.config.ts", "--output", "there", ...ON_TORCH, "--processes", "2");
    await expect
      .poll(
        () => eventsOf(folder, "there").some(({ event, job }) => event === "started" && /fine/.test(job!)),
        {
          timeout: 120_000,
        },
      )
      .toBe(true);
    stopped.kill("SIGKILL");
    await stopped;
    expect((await run("--resume", "there", "--processes", "1")).exitCode).toBe(0);

    expect(readResult(folder, "there").env.backend).toMatch(/^torch 2\..*, uncompiled$/);
    const [here, there] = [lossesOf(folder, "here"), lossesOf(folder, "there")];
    expect(Object.keys(there)).toEqual(Object.keys(here));
    expect(Object.keys(here)).toHaveLength(4);
    for (const [stage, losses] of Object.entries(here)) {
      expect(there[stage]).toHaveLength(losses.length);
      losses.forEach((loss, i) => {
        expect(Math.abs(there[stage]![i]! / loss - 1), `${stage}, step ${i + 1}`).toBeLessThan(1e-4);
      });
    }
  });
});
