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
