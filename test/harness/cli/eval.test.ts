import { expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { exit, printed, watchOutput } from "./command.ts";

watchOutput();

it("refuses, before it reads the images, a result that could not be written", async () => {
  const folder = temporaryFolder();
  expect(await exit("eval", folder, folder, "--json", `${folder}/absent/result.json`)).toBe(2);
  expect(printed.stderr).toMatch(/--json: cannot write .*absent\/result\.json/);
  expect(printed.stderr).not.toMatch(/^ +at /m);
});

it.each([
  ["eval", "--json"],
  ["features", "--out"],
])("%s refuses a folder as its file before any work", async (verb, flag) => {
  const folder = temporaryFolder();
  const images = verb === "eval" ? [folder, folder] : [folder];
  expect(await exit(verb, ...images, flag, folder)).toBe(2);
  expect(printed.stderr).toContain(`${flag}: cannot write ${folder}: it is a folder`);
});

it("takes the seeds that NumPy's generator takes", async () => {
  const folder = temporaryFolder();
  expect(await exit("eval", folder, folder, "--seed", "4294967296")).toBe(2);
  expect(printed.stderr).toContain("It must be a whole number from 0 to 4294967295.");
  expect(await exit("eval", folder, folder, "--seed", "4294967295")).toBe(2);
  expect(printed.stderr).toContain("holds no PNG");
});
