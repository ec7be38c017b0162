import { expect, it } from "vitest";
import plugin from "../../../plugins/backends/onnxruntime/index.ts";
import { backendConforms } from "../../conformance/backend.ts";

backendConforms("onnxruntime, 2 threads", () => plugin.open({ threads: 2 }));

it("refuses a number of threads that is none, and options it does not know", () => {
  expect(plugin.schema.safeParse({ threads: 0 }).success).toBe(false);
  expect(plugin.schema.safeParse({ threads: 1.5 }).success).toBe(false);
  expect(plugin.schema.safeParse({ thread: 2 }).success).toBe(false);
  expect(plugin.schema.parse({})).toEqual({ threads: 2 });
});
