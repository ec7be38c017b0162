import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { fixtures } from "./fixtures.ts";

/** `npm run test:parity` alone is about nothing but cases; the whole suite has others where the folders are absent. */
const alone = process.env.npm_lifecycle_event === "test:parity";

/** Families that a test here is named for. */
const families = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".test.ts") && name !== "found.test.ts")
  .map((name) => name.slice(0, -".test.ts".length))
  .concat("epg", "inception");

it.skipIf(!alone)("some family of cases is here", () => {
  const present = families.map(fixtures).filter((folder) => folder !== null);
  expect(present.filter((folder) => readdirSync(folder).length > 0)).not.toEqual([]);
});
