import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodePng } from "../../harness/formats/image.ts";
import { html } from "../../reports/html.ts";
import { reporters } from "../../reports/index.ts";
import { markdown } from "../../reports/markdown.ts";
import { fixtureResult } from "../fixtures/result.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const VOID = new Set(["meta", "br", "img"]);

/** Elements by how often they open. @throws where one closes that is not the innermost */
function elements(page: string): Record<string, number> {
  const counts: Record<string, number> = {};
  const open: string[] = [];
  const inside = page.replace(/<style>[\s\S]*?<\/style>/, "").replace(/^<!doctype html>/, "");
  for (const [, closes, name = ""] of inside.matchAll(/<(\/?)([a-z]\w*)(?:\s[^<>]*)?>/g)) {
    if (closes) expect(open.pop()).toBe(name);
    else {
      counts[name] = (counts[name] ?? 0) + 1;
      if (!VOID.has(name)) open.push(name);
    }
  }
  expect(open).toEqual([]);
  return counts;
}

test("is the Markdown's page: its headings, tables and lists, every element closed", async () => {
  const text = markdown(fixtureResult());
  const counts = elements(await html(fixtureResult(), temporaryFolder()));
  const linesOf = (begin: RegExp): number => [...text.matchAll(begin)].length;
  expect(counts.h2).toBe(linesOf(/^## /gm));
  expect(counts.h3).toBe(linesOf(/^### /gm));
  expect(counts.table).toBe(linesOf(/^\|[ :|-]+\|$/gm));
  expect(counts.li).toBe(linesOf(/^- /gm));
  expect(counts.script).toBeUndefined();
});

test("holds its pictures, the plots among them, and names those that are missing", async () => {
  const folder = temporaryFolder();
  const result = fixtureResult();
  const [entry] = result.run.entries;
  const png = await encodePng({ width: 2, height: 2, data: new Uint8Array(12) });
  mkdirSync(join(folder, "samples"));
  writeFileSync(join(folder, entry!.grid!), png);
  const { write } = await reporters.html!();
  const written = await write(result, folder);
  expect(written).toEqual(expect.arrayContaining(["report.md", "report.html", "frontier/nfe.svg"]));
  const page = readFileSync(join(folder, "report.html"), "utf8");
  expect(page).toContain(
    `<img alt="samples of ${entry!.name}" src="data:image/png;base64,${Buffer.from(png).toString("base64")}">`,
  );
  const svg = readFileSync(join(folder, "frontier", "nfe.svg")).toString("base64");
  expect(page).toContain(`src="data:image/svg+xml;base64,${svg}">`);
  expect(page).not.toMatch(/(src|href)="(?!data:|https?:)/);
  const missing = result.run.entries.find(({ grid }) => grid !== null && grid !== entry!.grid)!;
  expect(page).toContain(`samples of ${missing.name} (${missing.grid})`);
});

test("what others wrote is text in it", async () => {
  const folder = temporaryFolder();
  const result = fixtureResult();
  const evil = '<script>alert(1)</script> "x" [a](javascript:b) `c` *d*';
  const renamed = JSON.parse(
    JSON.stringify(result).replaceAll("EPG, one step", JSON.stringify(evil).slice(1, -1)),
  );
  renamed.warnings.push(`<details><summary>a</summary> ${evil}`);
  const page = await html(renamed, folder);
  expect(elements(page).script).toBeUndefined();
  expect(page).not.toMatch(/<a href="javascript|<em>d|<summary>a</);
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt; &quot;x&quot; [a](javascript:b)");
});

test("folds what was sampled again", async () => {
  const result = fixtureResult();
  const [entry] = result.run.entries;
  result.run.entries.push({ ...entry!, name: "again", kind: "resampled" });
  expect(elements(await html(result, temporaryFolder()))).toMatchObject({ details: 1, summary: 1 });
});
