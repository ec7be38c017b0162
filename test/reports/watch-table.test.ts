import { describe, expect, it } from "vitest";
import { watchHead, watchLine } from "../../reports/watch-table.ts";
import { fixtureResult } from "../fixtures/result.ts";

const whole = fixtureResult();
const scores = whole.results.filter(({ entry }) => entry === whole.run.entries[0]!.name).slice(0, 2);
const result = { ...whole, results: scores };

describe("the table of a watch", () => {
  it("has lines whose columns stand below the head's", () => {
    const [head, line] = [watchHead(result), watchLine("step-100.pt", result)];
    expect(head).toMatch(/^checkpoint +n +\S.*\n$/);
    expect(line).toMatch(/^step-100\.pt +[\d,]+ +.* ± .*\n$/);
    expect(line.length).toBe(head.length);
  });

  it("keeps a name from writing to the terminal", () => {
    expect(watchLine("a\u001b[31m\nb", result)).toMatch(/^a \[31m b /);
  });
});
