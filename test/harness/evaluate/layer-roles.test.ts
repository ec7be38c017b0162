import { describe, expect, it } from "vitest";
import { layerRoles } from "../../../harness/evaluate/layer-roles.ts";

const roles = (names: string[], extractor: string | null = null, asked: string | null = null) =>
  Object.fromEntries(layerRoles("f", names, extractor, asked));

describe("layerRoles", () => {
  it("knows Inception's layers by their names", () => {
    expect(roles(["64", "2048", "spatial", "logits", "logits_unbiased"], "inception")).toEqual({
      features: "2048",
      logits: "logits_unbiased",
      spatial: "spatial",
    });
  });

  it("takes logits with a bias for no Inception Score, but those of other classifiers", () => {
    expect(roles(["2048", "logits"], "inception")).toEqual({ features: "2048" });
    expect(roles(["2048", "logits"])).toEqual({ features: "2048" });
    expect(roles(["features", "logits"], "resnet")).toEqual({ features: "features", logits: "logits" });
  });

  it("takes the only layer for the features, whatever its name", () => {
    expect(roles(["pool", "spatial"])).toEqual({ features: "pool", spatial: "spatial" });
    expect(roles(["spatial"])).toEqual({ features: "spatial", spatial: "spatial" });
  });

  it("asks where there are several, and takes what is asked for", () => {
    expect(() => roles(["a", "b"])).toThrow(/f has the layers a, b/);
    expect(roles(["a", "b"], null, "b")).toEqual({ features: "b" });
    expect(() => roles(["a", "b"], null, "c")).toThrow(/--layer c: f has no such layer/);
  });
});
