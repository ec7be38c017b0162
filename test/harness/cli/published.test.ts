import { describe, expect, it } from "vitest";
import { exit, printed, watchOutput } from "./command.ts";

watchOutput();

describe("published", () => {
  it("lists a family at a resolution, what is unknown as a dash, with conventions and sources", async () => {
    expect(await exit("published", "--resolution", "256", "--family", "epg")).toBe(0);
    const lines = printed.stdout.split("\n");
    expect(lines.filter((line) => line.startsWith("EPG-"))).toHaveLength(5);
    const xl = lines.find((line) => line.startsWith("EPG-XL/16"))!.split(/ {2,}/);
    expect(xl.slice(2, 10)).toEqual(["interval CFG", "2.04", "–", "283.2", "0.8", "0.61", "75", "583"]);
    expect(printed.stdout).toMatch(/^a: MACs, attention matmuls excluded/m);
    expect(printed.stdout).toMatch(/^\[1\]: AMAP-ML\/EPG README.md \(primary\)$/m);
  });

  it("shows conflicting numbers, none of them averaged", async () => {
    await exit("published", "--resolution", "256", "--family", "SiT");
    expect(printed.stdout).toMatch(/^SiT-XL\/2 .* 277\.5\* /m);
    expect(printed.stdout).toMatch(/^SiT-XL\/2 .* 270\.27\* /m);
    expect(printed.stdout.match(/^\* SiT-XL\/2 at 256, IS: 277.5 .*; 270.27 .*; 284 /gm)).toHaveLength(1);
  });

  it.each([
    ["fid", ({ fid }) => fid],
    ["is", ({ inceptionScore }) => inceptionScore && -inceptionScore],
    ["macs", ({ samplingMacs }) => samplingMacs],
    ["nfe", ({ nfe }) => nfe],
  ] as [string, (row: Record<string, number | null>) => number | null][])(
    "sorts by %s, the best first, the unknown last",
    async (key, value) => {
      await exit("published", "--sort", key, "--json", "-");
      const values = (JSON.parse(printed.stdout) as Record<string, number | null>[]).map(value);
      const known = values.filter((one) => one !== null);
      expect(known.length).toBeGreaterThan(40);
      expect(values.slice(0, known.length)).toEqual(known.toSorted((a, b) => a - b));
    },
  );

  it("gives JSON with level, sampling and conflicts of every row", async () => {
    await exit("published", "--family", "DiT", "--resolution", "512", "--json", "-");
    const [best] = JSON.parse(printed.stdout);
    // 500 · 524.6 GMAC and a decoding of 1230, as printed
    expect(best).toMatchObject({ id: "dit-xl2-512-cfg1.5", level: "primary", conflicts: [] });
    expect(best.samplingMacs / 1e12).toBeCloseTo(500 * 0.5246 + 1.23, 6);
  });

  it("tells whose FID is another tool's", async () => {
    await exit("published", "--family", "JiT");
    expect(printed.stdout).toMatch(/^FID not by ADM's evaluator: JiT \(a fork of torch-fidelity\)$/m);
    printed.stdout = "";
    await exit("published", "--family", "EPG");
    expect(printed.stdout).not.toContain("not by ADM's");
  });

  it("refuses what is not known, with what is", async () => {
    expect(await exit("published", "--family", "Dit-")).toBe(2);
    expect(printed.stderr).toMatch(/nothing is published here of "Dit-"\n {2}fix: did you mean "DiT"/);
    expect(await exit("published", "--resolution", "128")).toBe(2);
    expect(printed.stderr).toMatch(/choices are 256, 512/);
    expect(await exit("published", "--sort", "beauty")).toBe(2);
    expect(await exit("published", "--json", "/nowhere/list.json")).toBe(2);
    expect(printed.stderr).toMatch(/--json: cannot write/);
  });
});
