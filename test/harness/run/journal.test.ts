import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openJournal, readBeginning, readFolders } from "../../../harness/run/journal.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

let seconds = 0;
const clock = { date: () => new Date(seconds * 1000), now: () => seconds * 1000 };

it("tells how a run began, however often it was resumed", async () => {
  const folder = temporaryFolder();
  const journal = openJournal(folder, clock);
  await journal.write("began", { command: "npx epg-bench run", cache: "/cache" });
  await journal.write("resumed", { command: "npx epg-bench run --resume out", cache: "/cache" });
  expect(await readBeginning(folder)).toMatchObject({ command: "npx epg-bench run", cache: "/cache" });
});

it("adds up how long each process was at it, whatever lay between them", async () => {
  const folder = temporaryFolder();
  const journal = openJournal(folder, clock);
  for (const [at, event] of [
    [1000, "began"],
    [1010, "progress"],
    [1025, "progress"],
    [5000, "resumed"],
    [5003, "stopped"],
    [9000, "resumed"],
  ] as const) {
    seconds = at;
    await journal.write(event, { command: "run", cache: "/cache" });
  }
  await appendFile(join(folder, "events.ndjson"), '{"time":"20');
  expect(await readBeginning(folder)).toMatchObject({ startedAt: new Date(1_000_000), earlierSeconds: 28 });
});

it.each([[""], ["{"], ['{"event":"resumed"}']])("refuses a journal that does not: %j", async (content) => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "events.ndjson"), content);
  await expect(readBeginning(folder)).rejects.toThrow(/does not say how the run began/);
});

it("tells the folder where each job was last done or found", async () => {
  const folder = temporaryFolder();
  const journal = openJournal(folder, clock);
  await journal.write("began", { command: "run", cache: "/cache" });
  await journal.write("started", { job: "EPG: pre-training", folder: "/cache/train/old" });
  await journal.write("started", { job: "EPG: fine-tuning", folder: "/cache/train/fine" });
  await journal.write("finished", { job: "EPG: fine-tuning", seconds: 1 });
  await journal.write("cached", { job: "EPG: pre-training", folder: "/cache/train/new" });
  expect([...(await readFolders(folder))]).toEqual([
    ["EPG: pre-training", "/cache/train/new"],
    ["EPG: fine-tuning", "/cache/train/fine"],
  ]);
});
