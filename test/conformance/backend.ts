/** What a backend must do, for the tests of any backend: call `backendConforms` inside a test file. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../harness/plugin.ts";
import { backendDifferentiatesModels } from "./backend-models.ts";
import { backendComputes } from "./backend-ops.ts";
import { backendKeepsState } from "./backend-state.ts";
import { backendTrains } from "./backend-training.ts";

/**
 * Declares the conformance suite of one backend: every operation, whole and decomposed, against the float64
 * reference; the rules of state; errors; determinism; 50 steps of training; memory; gradients of
 * whole networks.
 * @param open opens the backend, once for the suite
 */
export function backendConforms(name: string, open: () => Promise<Backend>): void {
  describe(`backend ${name}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });

    it("says what it is", () => {
      expect(backend).toMatchObject({
        name: expect.stringMatching(/./),
        version: expect.stringMatching(/./),
      });
      expect(["float32", "tensorfloat32", "bfloat16"]).toContain(backend.precision);
      expect(backend.threads).toBeGreaterThan(0);
    });
    backendComputes(() => backend);
    backendKeepsState(() => backend);
    backendTrains(() => backend);
    backendDifferentiatesModels(() => backend);
  });
}
