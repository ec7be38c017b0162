import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";
import { expect, it } from "vitest";
import { claim, type Rival } from "../../../harness/run/claim.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const claimer = fileURLToPath(new URL("../../fixtures/claimer.mjs", import.meta.url));

const NO_WAIT = {
  onWait: () => {
    throw new Error("waits");
  },
  keepWaiting: () => {},
};

/** A process that holds the folder until it is killed. */
async function hold(folder: string) {
  const file = join(temporaryFolder(), "counter");
  writeFileSync(file, "0");
  const holder = execaNode(claimer, [folder, file, "1", "forever"], { ipc: true, reject: false });
  await once(holder, "message");
  // Wrapped: to await a process is to await its end.
  return { holder };
}

it("lets processes in one at a time", async () => {
  const folder = temporaryFolder();
  const file = join(temporaryFolder(), "counter");
  writeFileSync(file, "0");
  const work = () => execaNode(claimer, [folder, file, "4"]);
  await Promise.all([work(), work(), work()]);
  expect(readFileSync(file, "utf8")).toBe("12");
  expect(readdirSync(folder)).toEqual([]);
});

it("names the process that is at work, and waits until it is killed", async () => {
  const folder = temporaryFolder();
  const { holder } = await hold(folder);
  const met: Rival[] = [];
  const own = await claim(folder, {
    onWait: (rival) => {
      met.push(rival);
      holder.kill("SIGKILL");
    },
    keepWaiting: () => {},
  });
  expect(met).toHaveLength(1);
  expect(met[0]!.pid).toBe(holder.pid);
  expect(readdirSync(folder)).toHaveLength(1);
  await own.release();
  expect(readdirSync(folder)).toEqual([]);
});

it("gives up where it is told to", async () => {
  const folder = temporaryFolder();
  const { holder } = await hold(folder);
  const refused = claim(folder, {
    onWait: () => {},
    keepWaiting: () => {
      throw new Error("enough");
    },
  });
  await expect(refused).rejects.toThrow("enough");
  expect(readdirSync(folder)).toHaveLength(1);
  holder.kill("SIGKILL");
  await holder;
});

it("tells a process from an earlier one of the same id", async () => {
  const folder = temporaryFolder();
  const { holder } = await hold(folder);
  const [name] = readdirSync(folder);
  holder.kill("SIGKILL");
  await holder;
  const earlier = name!.replace(/^claim-\d+-\d+-/, `claim-${process.pid}-1-`);
  writeFileSync(join(folder, earlier), "");
  await (await claim(folder, NO_WAIT)).release();
});
