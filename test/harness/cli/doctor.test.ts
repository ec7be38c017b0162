import { describe, expect, it } from "vitest";
import { canRun, type Findings, told } from "../../../harness/cli/doctor.ts";
import { examineBackends } from "../../../harness/config/plugins.ts";

const works = { what: "onnxruntime on cpu", works: true, detail: "ONNX Runtime 1.30.0", fix: null };
const missing = { what: "torch", works: false, detail: 'found no Python "python3"', fix: "install Python" };

describe("doctor", () => {
  it("tells what works and how to mend what does not, and whether the default job can run", () => {
    const whole: Findings = { onnxruntime: [works], torch: [missing] };
    expect(canRun(whole)).toBe(true);
    expect(told(whole).split("\n")).toEqual([
      `works    Node                ${process.versions.node}`,
      "works    onnxruntime on cpu  ONNX Runtime 1.30.0",
      'missing  torch               found no Python "python3"',
      "         fix: install Python",
      "",
      "`epg-bench run` can run here.",
      "",
    ]);
  });

  it("says so where the default backend does not work, whatever else does", () => {
    const broken: Findings = { onnxruntime: [{ ...works, works: false, fix: "npm ci" }], torch: [] };
    expect(canRun(broken)).toBe(false);
    expect(told(broken)).toContain("cannot run here: its backend, onnxruntime, does not work");
  });

  it("tries every built-in backend here", async () => {
    const found = await examineBackends();
    expect(found.onnxruntime).toEqual([{ ...works, detail: expect.stringMatching(/^ONNX Runtime \d/) }]);
    expect(found.torch!.length).toBeGreaterThan(0);
    for (const { works, fix, what } of Object.values(found).flat())
      expect(works ? fix === null : fix!.length > 10, what).toBe(true);
  });
});
