import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Checkpoint,
  checkpointAt,
  checkpointHash,
  checkpointsOf,
  isSame,
} from "../../../harness/evaluate/checkpoints.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

describe("checkpoints", () => {
  it("are files and folders in natural order, without hidden, unfinished, empty and excepted ones", async () => {
    const folder = temporaryFolder();
    for (const name of ["step-10.pt", "step-9.pt", ".hidden", "step-11.pt.tmp", "step-11.pt.part"])
      writeFileSync(join(folder, name), "12345");
    for (const name of ["step-100", "empty", "scores"])
      mkdirSync(join(folder, name, "sub"), { recursive: true });
    writeFileSync(join(folder, "step-100", "a"), "12");
    writeFileSync(join(folder, "step-100", "sub", "b"), "345");
    writeFileSync(join(folder, "scores", "x.result.json"), "{}");
    const found = await checkpointsOf(folder, join(folder, "scores"));
    expect(found.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["step-9.pt", 5],
      ["step-10.pt", 5],
      ["step-100", 5],
    ]);
    expect(await checkpointsOf(folder, join(folder, "step-100", "sub"))).not.toContainEqual(
      expect.objectContaining({ name: "step-100" }),
    );
    expect(await checkpointAt(folder, "gone")).toBeNull();
  });

  it("are the same while size and time are, and of equal hash while their content is", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "c"));
    const file = join(folder, "c", "weights");
    const at = async (): Promise<[Checkpoint, string]> => {
      const found = (await checkpointAt(folder, "c"))!;
      return [found, await checkpointHash(found)];
    };
    writeFileSync(file, "one");
    utimesSync(file, 1, 1);
    const [first, hash] = await at();
    utimesSync(file, 2, 2);
    const [touched, sameHash] = await at();
    expect([isSame(first, first), isSame(first, touched), sameHash === hash]).toEqual([true, false, true]);
    writeFileSync(file, "two");
    expect((await at())[1]).not.toBe(hash);
  });
});
