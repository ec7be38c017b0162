import { afterEach, describe, expect, it, vi } from "vitest";
import { extractorIdentity } from "../../../harness/evaluate/open-extractor.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("an extractor's identity", () => {
  it("is nothing beside its own files for the one that we bring", async () => {
    expect(await extractorIdentity({ plugin: "efficientnet-lite0", options: {}, threads: 1 })).toBeNull();
  });

  it("asks for the weights that the environment names", async () => {
    vi.stubEnv("EPG_BENCH_INCEPTION", "/nowhere/weights.pth");
    await expect(extractorIdentity({ plugin: "inception", options: {}, threads: 1 })).rejects.toThrow(
      /\/nowhere\/weights\.pth/,
    );
  });
});
