import { describe, expect, it } from "vitest";
import { examine, type Findings, lacks, told } from "../../../harness/cli/doctor.ts";
import { exit, printed, watchOutput } from "./command.ts";

watchOutput();

const node = { what: "Node", works: true, detail: "22.1.0", fix: null, needed: true };
const gpu = { what: "NVIDIA GPU", works: false, detail: "no driver", fix: "install it", needed: false };
const works = { what: "onnxruntime on cpu", works: true, detail: "ONNX Runtime 1.30.0", fix: null };
const missing = { what: "torch", works: false, detail: 'found no Python "python3"', fix: "install Python" };

const whole: Findings = {
  machine: [node, gpu],
  backends: { onnxruntime: [works], torch: [missing] },
};

describe("doctor", () => {
  it("tells what works and how to mend what does not, and whether the default job can run", () => {
    expect(lacks(whole)).toEqual([]);
    expect(told(whole).split("\n")).toEqual([
      "works                     Node                22.1.0",
      "not available (optional)  NVIDIA GPU          no driver",
      "         fix: install it",
      "works                     onnxruntime on cpu  ONNX Runtime 1.30.0",
      'not available (optional)  torch               found no Python "python3"',
      "         fix: install Python",
      "",
      "`epg-bench run` can run here.",
      "",
    ]);
  });

  it("says so where the default job lacks something, whatever else works", () => {
    const cuda = { ...works, what: "onnxruntime on cuda" };
    const broken: Findings = {
      ...whole,
      machine: [{ ...node, works: false, fix: "install Node 20.19 or newer" }, gpu],
      backends: { onnxruntime: [{ ...works, works: false, fix: "npm ci" }, cuda], torch: [] },
    };
    expect(lacks(broken)).toEqual(["Node", "onnxruntime on cpu"]);
    expect(told(broken)).toMatch(/^missing +Node .*^not available \(optional\) +NVIDIA GPU /ms);
    expect(told(broken)).toContain("cannot run here for want of Node and onnxruntime on cpu.");
    expect(lacks({ ...whole, backends: {} })).toEqual(["onnxruntime on cpu"]);
  });

  it("tries everything here, and every row says how to mend itself", async () => {
    const { machine, backends } = await examine();
    expect(machine.map(({ what }) => what)).toEqual(["Node", "memory", "disk", "NVIDIA GPU", "Python"]);
    expect(backends.onnxruntime!.map(({ what }) => what)).toEqual([
      "onnxruntime on cpu",
      "onnxruntime on cuda",
      "onnxruntime on webgpu",
    ]);
    expect(backends.onnxruntime![0]).toEqual({ ...works, detail: expect.stringMatching(/^ONNX Runtime \d/) });
    for (const name of ["torch", "openvino", "tfjs"]) expect(backends[name]!.length).toBeGreaterThan(0);
    for (const { works, fix, what, detail } of [...machine, ...Object.values(backends).flat()]) {
      expect(works ? fix === null : fix!.length > 10, what).toBe(true);
      expect(detail.length, what).toBeGreaterThan(3);
      expect(`${detail}${fix}`, what).not.toContain("\n");
    }
  });

  it("writes JSON and nothing else on stdout, with the exit code", async () => {
    const code = await exit("doctor", "--json", "-");
    const record = JSON.parse(printed.stdout);
    expect(record).toMatchObject({ node: process.versions.node, ready: code === 0 });
    expect(record.machine.length + record.backends.onnxruntime.length).toBe(8);
  });
});
