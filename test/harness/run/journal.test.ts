import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openJournal, readBeginning } from "../../../harness/run/journal.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

const clock = { date: () => new Date(0), now: () => 0 };

it("tells how a run began, however often it was resumed", async () => {
  const folder = temporaryFolder();
  const journal = openJournal(folder, clock);
  await journal.write("began", { command: "npx epg-bench run", cache: "/cache" });
  await journal.write("resumed", { command: "npx epg-bench run --resume out", cache: "/cache" });
  expect(await readBeginning(folder)).toEqual({ command: "npx epg-bench run", cache: "/cache" });
});

it.each([[""], ["{"], ['{"event":"resumed"}']])("refuses a journal that does not: %j", async (content) => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "events.ndjson"), content);
  await expect(readBeginning(folder)).rejects.toThrow(/does not say how the run began/);
});
