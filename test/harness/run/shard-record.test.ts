import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { openShardFolders } from "../../../harness/run/shard-folders.ts";
import { difference, readRecord, type ShardRecord, writeRecord } from "../../../harness/run/shard-record.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const hash = (digit: string): string => digit.repeat(64);
const of = {
  samples: 64,
  seed: 0,
  entries: ["EPG"],
  data: hash("a"),
  backend: hash("b"),
  scoring: hash("c"),
  sampling: hash("d"),
};
const record: ShardRecord = {
  shard: { index: 1, count: 2 },
  of,
  weights: { [hash("e")]: hash("f") },
  shares: [{ title: "EPG: sampling", key: hash("1"), scoreKey: hash("2") }],
};

async function folderOf(changes: Partial<ShardRecord> = {}): Promise<string> {
  const folder = temporaryFolder();
  await writeRecord(folder, { ...record, ...changes });
  return folder;
}

const refusal = (...folders: readonly string[]): Promise<UserError> =>
  openShardFolders(folders).then(
    () => expect.fail("was not refused"),
    (error) => error,
  );

const second = { shard: { index: 2, count: 2 } };

it("names the first part in which two runs are not one", () => {
  expect(difference(of, of)).toBeNull();
  expect(difference({ ...of, entries: ["A"] }, of)).toBe('entries "A", not "EPG"');
  expect(difference({ ...of, samples: 65 }, of)).toBe("samples 65, not 64");
  expect(difference({ ...of, data: hash("0") }, of)).toMatch(/data set/);
  expect(difference({ ...of, backend: hash("0") }, of)).toMatch(/backend/);
  expect(difference({ ...of, scoring: hash("0") }, of)).toMatch(/feature extractor/);
  expect(difference({ ...of, sampling: hash("0") }, of)).toMatch(/options, weights or code/);
});

it("puts shards in their order", async () => {
  const folders = [await folderOf(second), await folderOf()];
  expect((await openShardFolders(folders)).map(({ folder }) => folder)).toEqual(folders.toReversed());
});

it("refuses shards that were trained apart, or chose apart", async () => {
  const one = await folderOf();
  const trained = await folderOf({ ...second, weights: { [hash("e")]: hash("0") } });
  expect((await refusal(one, trained)).message).toMatch(
    /sampled from other weights than .*: they were trained apart$/,
  );
  const chose = await folderOf({ ...second, shares: [{ ...record.shares[0]!, key: hash("9") }] });
  expect((await refusal(one, chose)).message).toMatch(/chose other guidance than/);
});

it("tells all shards that are missing, with exit code 24", async () => {
  const error = await refusal(await folderOf({ shard: { index: 2, count: 4 } }));
  expect([error.message, error.exitCode]).toEqual(["shards are missing: 1/4, 3/4, 4/4", 24]);
});

it.each([
  ["", /Invalid input/],
  ["{}", /Invalid input/],
  [JSON.stringify({ ...record, shard: { index: 3, count: 2 } }), /there is no such shard/],
  [JSON.stringify({ ...record, shares: [{ ...record.shares[0], key: "../../etc" }] }), /pattern/],
])("refuses %s as a record", async (text, reason) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "shard.json"), text);
  const error = await readRecord(folder).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(/is not the record of a shard: /);
  expect((error as UserError).message).toMatch(reason);
});
