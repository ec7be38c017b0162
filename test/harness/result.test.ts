import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../harness/package-root.ts";
import { resultJsonSchema } from "../../harness/result.ts";
import { fixtureResult } from "../fixtures/result.ts";

describe("result.schema.json", () => {
  const published = JSON.parse(readFileSync(join(packageRoot(), "result.schema.json"), "utf8"));

  it("is the schema that results are checked by", () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(resultJsonSchema())));
  });

  it("takes a result and refuses NaN's stand-ins and unknown fields", () => {
    const validate = new Ajv2020({ strict: false }).compile(published);
    const result = JSON.parse(JSON.stringify(fixtureResult()));
    expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...result, surplus: 1 })).toBe(false);
    expect(validate({ ...result, results: [{ ...result.results[0], value: "NaN" }] })).toBe(false);
  });
});
