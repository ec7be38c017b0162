import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { shippedEntries } from "../../../harness/config/shipped.ts";
import { openSafetensors } from "../../../harness/formats/safetensors.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { exit, printed, watchOutput } from "./command.ts";

watchOutput();

const names = Object.keys(shippedEntries());
const quoted = names.map((name) => JSON.stringify(name)).join(", ");
let config: (entries: readonly string[]) => string;
let out: string;
beforeEach(() => {
  const folder = temporaryFolder();
  out = join(folder, "out.safetensors");
  config = (chosen) => {
    const entries = Object.fromEntries(chosen.map((name) => [name, shippedEntries()[name]]));
    const dataset = { kind: "dataset", plugin: "shapes", options: { train: 16, reference: 16, heldOut: 16 } };
    writeFileSync(join(folder, "shipped.config.json"), JSON.stringify({ dataset, entries }));
    return join(folder, "shipped.config.json");
  };
});

it("takes the only entry where none is named, and says whose weights it wrote", async () => {
  const only = config(names.slice(0, 1));
  expect(await exit("export", "safetensors", only, "--out", out, "--dtype", "float16")).toBe(0);
  expect(printed.stdout).toBe(`"${names[0]}", model epg: 2.451 M numbers in float16\n${out}: 4.91 MB\n`);
  const { tensors, close } = await openSafetensors(out);
  await close();
  expect(Object.keys(tensors).length).toBeGreaterThan(60);
});

it.each([
  ["none is named of several", [], `there are ${names.length} entries, and none is named`, "name one"],
  ["there is no such entry", ["model of mine"], 'there is no entry "model of mine"', "name one"],
  [
    "one is near",
    [names[0]!.replace("EPG", "EGP")],
    `there is no entry "${names[0]!.replace("EPG", "EGP")}"`,
    `did you mean ${JSON.stringify(names[0])}?`,
  ],
])("lists the entries where %s", async (_, asked, problem, fix) => {
  expect(await exit("export", "safetensors", config(names), ...asked, "--out", out)).toBe(2);
  expect(printed.stderr).toBe(`error: ${problem}\n  fix: ${fix} (of ${quoted})\n`);
});
