import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { referenceFile } from "../../../harness/references/known.ts";
import { registry } from "../../../harness/references/registry.ts";
import { resolveReference } from "../../../harness/references/resolve.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const entry = registry().references.find(({ name }) => name === "imagenet-256")!;

function putInCache(): string {
  const path = referenceFile(entry);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "");
  return path;
}

it("finds the file of a name in the user's cache", async () => {
  const path = putInCache();
  expect(path.startsWith(join(folder, "cache"))).toBe(true);
  expect(await resolveReference("imagenet-256")).toEqual({ path, entry });
});

it("takes a path that exists for one, whatever it is called", async () => {
  putInCache();
  const path = join(folder, "imagenet-256");
  mkdirSync(path);
  expect(await resolveReference(path)).toEqual({ path, entry: null });
});

it.each([
  [
    "imagenet-256",
    /imagenet-256 is not on this machine.*reference fetch imagenet-256; or put https:.*labeled\.npz \(no sha256 is published\) at .*references.imagenet-256\.npz$/,
  ],
  ["imagenet256", /there is no imagenet256: .*did you mean "imagenet-256"\? \(known: .*edm2-imagenet-512/],
  ["real/photos", /^there is no real\/photos name a folder of images/],
])("%s, where it is not there: how to get it", async (name, told) => {
  const { message, fix, exitCode } = await resolveReference(name).catch((error) => error);
  expect(`${message} ${fix}`).toMatch(told);
  expect(exitCode).toBe(2);
});
