import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../../harness/config/index.ts";
import { packageRoot } from "../../../harness/package-root.ts";

const folder = join(packageRoot(), "configs");
const files = readdirSync(folder).filter((name) => name.endsWith(".config.ts"));

test.each(files)("%s can be loaded, its plugins' options among it", async (file) => {
  const config = await loadConfig({ file: join(folder, file), folder, overrides: {}, note: () => {} });
  expect(Object.keys(config.entries).length).toBeGreaterThan(0);
});

test("the paper's sizes each have one", () => {
  for (const name of ["xl-256", "xxl-256", "g-256", "l-512", "l-256-onestep", "small-64"])
    expect(files).toContain(`epg-${name}.config.ts`);
});
