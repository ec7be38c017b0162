import { expect, test } from "vitest";
import type { Found } from "../../../harness/run/found.ts";
import { matchSentence } from "../../../harness/run/match-sentence.ts";

/** Entries from files that do not tell what they took. */
const sentence = (...entries: readonly (readonly [name: string, failure: string | null])[]): string =>
  matchSentence({
    entries: entries.map(([name, failure]) => ({
      planned: { name, stages: [], pretrained: [], made: { elsewhere: null } },
      training: [],
      failure,
    })),
  } as unknown as Found);

test("an entry that failed is none of those trained elsewhere", () => {
  expect(sentence(["A", null], ["B", "sampling: it ran out of memory"])).toBe(
    'Pre-trained elsewhere, at a cost not known here: "A".',
  );
});

test("where all failed, there is none", () => {
  expect(sentence(["A", "sampling: no"])).toBe("No entry finished.");
});
