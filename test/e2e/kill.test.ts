import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { createStream } from "../../harness/random/index.ts";
import { command, readResult, temporaryFolder, timeless, writeTinyConfig } from "./cli.ts";

const KILLS = 5;

it(`goes on after kill -9 at ${KILLS} random moments to the same values as a run that was left alone`, async () => {
  const random = createStream(Number(process.env.EPG_BENCH_TEST_SEED ?? 0), "kills");
  const alone = temporaryFolder();
  writeTinyConfig(alone, { epgSteps: 40 });
  const began = performance.now();
  expect((await command(alone, ["run", "-c", "tiny.config.ts", "--output", "out"])).exitCode).toBe(0);
  const whole = performance.now() - began;

  const killed = temporaryFolder();
  writeTinyConfig(killed, { epgSteps: 40 });
  let args = ["run", "-c", "tiny.config.ts", "--output", "out"];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = command(killed, args);
    await setTimeout(500 + random.uniform() * whole * 0.3);
    child.kill("SIGKILL");
    await child;
    if (readdirSync(killed).includes("out")) args = ["run", "--resume", "out"];
  }
  const last = await command(killed, args);
  expect(last.stderr).not.toContain("    at ");
  expect(last.exitCode).toBe(0);
  expect(timeless(readResult(killed))).toEqual(timeless(readResult(alone)));
  const curves = readResult(alone).run.curves!;
  expect(curves).toHaveLength(4);
  for (const { csv } of curves)
    expect(readFileSync(join(killed, "out", csv), "utf8")).toBe(
      readFileSync(join(alone, "out", csv), "utf8"),
    );
}, 600_000);
