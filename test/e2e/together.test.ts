import { expect, it } from "vitest";
import { command, eventsOf, readResult, temporaryFolder, timeless, writeTinyConfig } from "./cli.ts";

it("shares every piece of work between two runs at once", async () => {
  const folder = temporaryFolder();
  writeTinyConfig(folder, { samplerSteps: 4 });
  const start = (output: string) => command(folder, ["run", "-c", "tiny.config.ts", "--output", output]);
  const [one, other] = await Promise.all([start("one"), start("other")]);
  expect(one.stderr).not.toContain("    at ");
  expect([one.exitCode, other.exitCode]).toEqual([0, 0]);
  expect(`${one.stderr}${other.stderr}`).toMatch(/waits for another run that is at it \(process \d+ on /);
  expect(timeless(readResult(folder, "one"))).toEqual(timeless(readResult(folder, "other")));
  const done = [...eventsOf(folder, "one"), ...eventsOf(folder, "other")]
    .filter(({ event, job }) => event === "finished" && !job!.endsWith("throughput and latency"))
    .map(({ job }) => job!);
  expect(done.length).toBeGreaterThan(10);
  // A yardstick's scores and an entry's alike: nobody did what the other had done.
  expect([...new Set(done)]).toEqual(done);
});

it("refuses a run folder that another process is at", async () => {
  const folder = temporaryFolder();
  writeTinyConfig(folder, { epgSteps: 400 });
  const args = ["run", "-c", "tiny.config.ts", "--output", "out"];
  const first = command(folder, args);
  await new Promise((resolve) => first.stderr!.once("data", resolve));
  const folderIsTaken = async () => {
    for (;;) {
      const again = await command(folder, ["run", "--resume", "out"]);
      if (!String(again.stderr).includes("holds no run")) return again;
    }
  };
  const again = await folderIsTaken();
  first.kill("SIGKILL");
  await first;
  expect(again.exitCode).toBe(2);
  expect(again.stderr).toMatch(/error: out is being run by another process \(\d+ on /);
});
