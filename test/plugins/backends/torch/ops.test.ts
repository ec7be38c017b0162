import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../../../harness/package-root.ts";
import { OPS } from "../../../../harness/program/index.ts";

it("builds every operation of the program core, and no other", () => {
  const worker = readFileSync(join(packageRoot(), "plugins/backends/torch/worker.py"), "utf8");
  const [table] = /^OPS = \{\n[\s\S]*?^\}/m.exec(worker)!;
  const names = [...table.matchAll(/^ {4}"(\w+)": /gm)].map(([, name]) => name);
  expect(names).toEqual(Object.keys(OPS));
});
