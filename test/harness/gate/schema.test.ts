import { expect, test } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { parseGates, ruleText, tolerance } from "../../../harness/gate/schema.ts";

test("every level and rule of the documented form is accepted", () => {
  const gates = {
    kid: ["error", { maxWorse: "5%" }],
    nfe: ["error", { equal: true }],
    throughput: ["warn", { maxWorse: "2.5%" }],
    "class-accuracy": ["off", { min: 0.9 }],
    fid: ["error", { max: 3.5 }],
  };
  const parsed = parseGates(gates, "config");
  expect(parsed).toEqual(gates);
  expect(Object.values(parsed).map(([, rule]) => ruleText(rule))).toEqual([
    "maxWorse 5%",
    "equal",
    "maxWorse 2.5%",
    "min 0.9",
    "max 3.5",
  ]);
  expect(tolerance("2.5%")).toBe(0.025);
});

test.each([
  [{ kid: ["eror", { equal: true }] }, /config: the level of `gates.kid` .*"eror".*did you mean "error"/],
  [
    { kid: ["error", { maxWose: "5%" }] },
    /the rule of `gates.kid` has the unknown key "maxWose".*"maxWorse"/,
  ],
  [{ kid: ["error", { maxWorse: 5 }] }, /`gates.kid` maxWorse must be a percentage such as "5%", got 5/],
  [{ kid: ["error", { maxWorse: "-5%" }] }, /percentage/],
  [{ kid: ["error", { max: 1, min: 0 }] }, /exactly one key/],
  [{ kid: ["error", { equal: false }] }, /got {"equal":false}/],
  [{ kid: ["error", {}] }, /exactly one key/],
  [{ kid: ["error"] }, /`gates.kid`/],
  [{ kidd: ["error", { equal: true }] }, /config: unknown metric `gates.kidd`/],
  [{ kid: "off" }, /`gates.kid` must be \[level, rule\].*got "off"/],
  [{ kid: ["error", null] }, /got null/],
  [[], /`gates` must be an object/],
  ["kid", /`gates` must be an object/],
])("%j is refused by name", (gates, message) => {
  expect(() => parseGates(gates, "config")).toThrow(message);
  expect(() => parseGates(gates, "config")).toThrow(UserError);
});
