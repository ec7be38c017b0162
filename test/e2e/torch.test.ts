/** A run on PyTorch, in two processes, has the losses of one on ONNX Runtime, and goes on in one where one of them was killed. */
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import plugin from "../../plugins/backends/torch/index.ts";
import { reasonToSkip } from "../conformance/present.ts";
import { command, eventsOf, readResult, temporaryFolder, writeTinyConfig } from "./cli.ts";
import { lossesOf } from "./losses.ts";

const ON_TORCH = ["--backend", "torch", "--device", "cpu", "--no-compile"];
const skipped = await reasonToSkip("torch", async () =>
  (await plugin.open(plugin.schema.parse({ device: "cpu", compile: false }))).close!(),
);

/** Of a run in several processes: those that torchrun started for it. */
async function ranksOf(run: number): Promise<number[]> {
  const { stdout } = await execa("ps", ["-A", "-o", "pid=,ppid=,args="]);
  const processes = stdout.split("\n").map((line) => {
    const [, pid, parent, command] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
    return { pid: Number(pid), parent: Number(parent), command: command ?? "" };
  });
  const below = (pids: readonly number[]) => processes.filter(({ parent }) => pids.includes(parent));
  const started = below(below([run]).map(({ pid }) => pid));
  const launchers = started.filter(({ command }) => command.includes("torch.distributed.run"));
  return below(launchers.map(({ pid }) => pid)).map(({ pid }) => pid);
}

describe.skipIf(skipped !== null)(`on PyTorch${skipped === null ? "" : ` (skipped: ${skipped})`}`, () => {
  it("has ONNX Runtime's losses to 1e-4, exits with 24 where a process dies, and goes on", {
    timeout: 1_800_000,
  }, async () => {
    const folder = temporaryFolder();
    writeTinyConfig(folder, { epgSteps: 12, samplerSteps: 2 });
    const run = (...args: string[]) => command(folder, ["run", ...args]);
    // A shard that is all of the run trains as it does, and scores nothing.
    await run("-c", "tiny.config.ts", "--output", "here", "--shard", "1/1");

    const broken = run("-c", "tiny.config.ts", "--output", "there", ...ON_TORCH, "--processes", "2");
    await expect
      .poll(
        () => eventsOf(folder, "there").some(({ event, job }) => event === "started" && /fine/.test(job!)),
        {
          timeout: 600_000,
        },
      )
      .toBe(true);
    let ranks: readonly number[] = [];
    await expect
      .poll(
        async () => {
          ranks = await ranksOf(broken.pid!);
          return ranks.length;
        },
        { timeout: 300_000, interval: 100 },
      )
      .toBe(2);
    process.kill(Math.max(...ranks), "SIGKILL");
    const { exitCode, stderr } = await broken;
    expect(exitCode).toBe(24);
    expect(stderr).toMatch(/EPG: diffusion fine-tuning: .*process [01] of its ranks was killed by signal 9/);
    const ended = eventsOf(folder, "there").filter(({ event }) => event === "failed");
    expect(ended.map(({ job }) => job)).toEqual(["EPG: diffusion fine-tuning"]);
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
