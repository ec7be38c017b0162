import { expect, it } from "vitest";
import onnxruntime from "../../plugins/backends/onnxruntime/index.ts";
import { OP_NAMES } from "./ops.ts";
import { TESTED } from "./present.ts";
import { readTable } from "./table.ts";

const table = readTable();

it("has every backend that is tested, and every operation within its tolerance (`npm run conformance:table` makes it)", () => {
  expect(Object.keys(table).map((column) => column.split(" ")[0])).toEqual(TESTED);
  for (const [backend, column] of Object.entries(table)) {
    expect(Object.keys(column), backend).toEqual(OP_NAMES);
    // Where it was made, not every backend may have been at hand.
    for (const [op, found] of Object.entries(column))
      if (found !== "not measured" || backend.startsWith("onnxruntime"))
        expect(Number(found), `${op} on ${backend}`).toBeLessThanOrEqual(1e-5);
  }
});

it("is of the ONNX Runtime that is here", async () => {
  const { version } = await onnxruntime.open({ threads: 1 });
  expect(Object.keys(table)).toContain(`onnxruntime ${version}`);
});
