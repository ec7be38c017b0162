import fc from "fast-check";
import { expect, test } from "vitest";
import { unexpectedAt } from "../../../harness/gate/json-error.ts";

test.each([
  ["", "end of file at line 1, column 1"],
  ["garbage", '"garbage" at line 1, column 1'],
  ['{\n  "a": 1,\n  oops', '"oops" at line 3, column 3'],
  ['{"a": 1', "end of file at line 1, column 8"],
  ['{"a": 1}}', '"}" at line 1, column 9'],
  ["[1, 2,]", '"]" at line 1, column 7'],
  ['["unended', "end of file at line 1, column 10"],
  ['["bad \\x escape"]', '"\\\\x escape\\"]" at line 1, column 7'],
  ["[01]", '"1]" at line 1, column 3'],
  ['{"a" 1}', '"1}" at line 1, column 6'],
  ["{1: 2}", '"1: 2}" at line 1, column 2'],
  ["[NaN]", '"NaN]" at line 1, column 2'],
])("%j", (text, place) => {
  expect(unexpectedAt(text)).toBe(place);
});

test("a cut file is unexpected exactly where it ends", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, cut) => {
      const text = `[${json}]`;
      const shorter = text.slice(0, cut % text.length);
      expect(unexpectedAt(shorter)).toContain("at line 1");
      expect(unexpectedAt(`${text}!`)).toBe(`"!" at line 1, column ${text.length + 1}`);
    }),
  );
});
