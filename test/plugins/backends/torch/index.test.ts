import { expect, it } from "vitest";
import plugin from "../../../../plugins/backends/torch/index.ts";
import { backendConforms } from "../../../conformance/backend.ts";
import { reasonToSkip } from "../../../conformance/present.ts";

const eager = () => plugin.open(plugin.schema.parse({ device: "cpu", compile: false }));
const skipped = await reasonToSkip("torch", async () => (await eager()).close!());

if (skipped !== null) it.skip(`backend torch: ${skipped}`, () => {});
else backendConforms("torch, uncompiled", eager);

it("refuses options it does not know", () => {
  expect(plugin.schema.safeParse({ device: "tpu" }).success).toBe(false);
});
