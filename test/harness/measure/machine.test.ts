import { expect, it } from "vitest";
import { diskFinding, gpusOf, nodeFinding } from "../../../harness/measure/machine.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

it("wants Node 20.19 or newer", () => {
  for (const version of ["20.19.0", "20.20.2", "22.0.0", "100.1.0"])
    expect(nodeFinding(version).works).toBe(true);
  for (const version of ["20.18.9", "18.20.0", "9.99.0"])
    expect(nodeFinding(version)).toMatchObject({
      works: false,
      needed: true,
      fix: expect.stringContaining("20.19"),
    });
});

it("counts GPUs of one kind, as nvidia-smi lists them", () => {
  const h200 = "NVIDIA H200, 143771 MiB, 550.54.15";
  expect(gpusOf(`${h200}\n`)).toBe("NVIDIA H200 (143771 MiB), driver 550.54.15");
  expect(gpusOf(`${h200}\n${h200}\nTesla T4, 15360 MiB, 550.54.15\n`)).toBe(
    "2 × NVIDIA H200 (143771 MiB), driver 550.54.15; Tesla T4 (15360 MiB), driver 550.54.15",
  );
});

it("looks at the disk of the nearest folder that is there, and says so where it cannot be written", async () => {
  const folder = temporaryFolder();
  expect(await diskFinding(`${folder}/not/yet`)).toMatchObject({
    detail: expect.stringContaining(` at ${folder}`),
  });
  expect(await diskFinding("/proc/nothing")).toMatchObject({
    works: false,
    detail: expect.stringContaining("/proc"),
  });
});
