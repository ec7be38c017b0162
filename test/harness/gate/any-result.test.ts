/** Whatever a result holds, the gate judges it or refuses it by name, and what it writes is valid. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { defaultGates } from "../../../harness/gate/baseline.ts";
import { gate } from "../../../harness/gate/gate.ts";
import { gatesSchema } from "../../../harness/gate/schema.ts";
import { compareEntries } from "../../../harness/gate/summary.ts";
import { type Result, resultSchema } from "../../../harness/result.ts";
import { arbitrary } from "../../fixtures/arbitrary.ts";
import { fixtureResult } from "../../fixtures/result.ts";

const anyNumber = fc.option(
  fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, 1, 1e-9)),
);

/** The fixture with arbitrary values, errors and delete-group values. */
const spoilt = fc.infiniteStream(anyNumber).map((numbers): Result => {
  const next = (): number | null => numbers.next().value ?? null;
  const result = fixtureResult();
  for (const row of result.results) {
    row.value = next();
    row.standardError = Math.abs(next() ?? 0);
    if (row.deleteGroup !== undefined) row.deleteGroup = row.deleteGroup.map((value) => next() ?? value);
  }
  return result;
});

const verdictsSchema = resultSchema.shape.verdicts;

test("any values: verdicts and comparisons are valid and the outcome follows from them", () => {
  fc.assert(
    fc.property(spoilt, spoilt, (base, found) => {
      const gates = defaultGates([base]);
      const outcome = gate(found, { schemaVersion: 1, gates, runs: [base] });
      expect(verdictsSchema.safeParse(outcome.verdicts).error).toBeUndefined();
      const failing = outcome.verdicts.some(
        ({ level, status }) => level === "error" && ["worse", "missing", "target-missed"].includes(status),
      );
      expect(outcome.exitCode !== 0).toBe(failing);
      const { comparisons, summary } = compareEntries(found);
      expect(resultSchema.shape.comparisons.safeParse(comparisons).error).toBeUndefined();
      expect(`${outcome.reason} ${summary}`).not.toMatch(/NaN|undefined|null/);
    }),
    { numRuns: 60 },
  );
});

test("any valid result and gates: judged, or refused as a user's mistake", () => {
  fc.assert(
    fc.property(
      arbitrary(resultSchema),
      arbitrary(resultSchema),
      arbitrary(gatesSchema),
      (base, found, gates) => {
        try {
          gate(found, { schemaVersion: 1, gates, runs: [base] });
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      },
    ),
  );
});
