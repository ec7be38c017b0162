import { afterEach, describe, expect, it, vi } from "vitest";
import type { UserError } from "../../../harness/errors.ts";
import { referenceFile } from "../../../harness/references/known.ts";
import { referenceSchema, registry } from "../../../harness/references/registry.ts";
import { weightsFile } from "../../../plugins/features/inception/weights.ts";
import { PRESETS } from "../../../plugins/features/preprocessing/presets.ts";

const { references, weights } = registry();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the registry", () => {
  it("gives every reference, and its file, a name of its own", () => {
    for (const names of [
      references.map(({ name }) => name),
      references.map(referenceFile),
      references.flatMap(({ urls }) => urls),
      weights.map(({ name }) => name),
    ])
      expect(new Set(names).size).toBe(names.length);
  });

  it("holds the sets that papers score against, fetched over connections that cannot be changed", () => {
    const names = references.map(({ name }) => name);
    for (const resolution of [64, 128, 256, 512]) expect(names).toContain(`imagenet-${resolution}`);
    const urls = [...references, ...weights].flatMap((entry) => entry.urls);
    expect(urls.filter((url) => !url.startsWith("https://"))).toEqual([]);
  });

  it("names conventions that --as knows, and says that ImageNet-512 has 1,000 images for precision", () => {
    const unknown = references.filter(({ convention }) => !(convention in PRESETS));
    expect(unknown).toEqual([]);
    const set = references.find(({ name }) => name === "imagenet-512")!;
    expect(set.images).toBe(1000);
    expect(set.notes.join()).toMatch(/1,000 images/);
  });

  it("fetches the weights that the extractor asks for and recognises", () => {
    const { urls, file, sha256 } = weights.find(({ name }) => name === "inception")!;
    vi.stubEnv("EPG_BENCH_INCEPTION", "/nowhere");
    const failure = (() => {
      try {
        return weightsFile(undefined, "/");
      } catch (error) {
        return (error as UserError).fix;
      }
    })();
    expect(failure).toMatch(/npx epg-bench fetch inception/);
    expect(failure).toContain(`${urls[0]} (sha256 ${sha256!.slice(0, 8)}…) to `);
    expect(failure).toContain(`/weights/${file},`);
  });

  it("refuses entries with fields that are missing, wrong or unknown", () => {
    const [entry] = references;
    for (const change of [
      { sha256: "6726825d" },
      { n: 0 },
      { name: "../x" },
      { name: "Upper" },
      { labels: "some" },
      { urls: ["here"] },
      { resolution: undefined },
      { more: 1 },
    ])
      expect(referenceSchema.safeParse({ ...entry, ...change }).success, JSON.stringify(change)).toBe(false);
  });
});
