import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { readStored, store } from "../../../harness/run/store.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

it("gives back what was stored", async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "payload"), "abc");
  await store(folder, { n: 3 }, ["payload"]);
  const stored = await readStored<{ n: number }>(folder);
  expect(stored!.value).toEqual({ n: 3 });
  expect(stored!.files.payload!.bytes).toBe(3);
});

it("takes a folder without its pointer for unfinished work", async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "payload"), "abc");
  expect(await readStored(folder)).toBeNull();
});

it.each([
  ["truncated", "ab", /has 2 bytes, expected 3/],
  ["changed", "abd", /sha256/],
])("names a payload that was %s", async (_, content, message) => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "payload"), "abc");
  await store(folder, {}, ["payload"]);
  await writeFile(join(folder, "payload"), content);
  await expect(readStored(folder)).rejects.toThrow(message);
  await expect(readStored(folder)).rejects.toThrow(UserError);
});

it("names a pointer that is damaged", async () => {
  const folder = temporaryFolder();
  await store(folder, { n: 3 }, []);
  const text = await readFile(join(folder, "done.json"), "utf8");
  await writeFile(join(folder, "done.json"), text.slice(0, -1));
  await expect(readStored(folder)).rejects.toThrow(/done\.json is not JSON/);
});
