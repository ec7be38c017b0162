import { expect, test } from "vitest";
import { metricFamily, metricKind, metricLabel } from "../../harness/result.ts";

const LITE = "efficientnet-lite0@5f3c";

test.each([
  ["kid-efficientnet-lite0", LITE, "kid", "KID"],
  ["class-accuracy-efficientnet-lite0", LITE, "class-accuracy", "class accuracy"],
  ["fd-efficientnet-lite0-train", LITE, "fd", "FD (train)"],
  ["fd-dinov2", LITE, "fd-dinov2", "fd dinov2"],
  ["fd-infinity", LITE, "fd-infinity", "fd infinity"],
  ["fid", "inception@6726", "fd", "FID"],
  ["fid-train", "inception@6726", "fd", "FID (train)"],
  ["kid", "inception@6726", "kid", "KID"],
  ["total-train-flops", LITE, "total-train-flops", "total train FLOPs"],
  ["macs-per-image", LITE, "macs-per-image", "MACs per image"],
  ["constructor", LITE, "constructor", "constructor"],
])("%s on %s is of the family %s and called %s", (metric, features, family, label) => {
  expect(metricFamily(metric, features)).toBe(family);
  expect(metricLabel(metric, features)).toBe(label);
});

test("counts have no error, machines have one of their own, all else is a score", () => {
  const kinds = (kind: string, ...metrics: string[]) =>
    expect(metrics.map(metricKind)).toEqual(metrics.map(() => kind));
  kinds(
    "count",
    "nfe",
    "decoder-calls",
    "parameters",
    "macs-per-image",
    "train-flops",
    "total-train-flops",
    "sample-flops-per-image",
  );
  kinds("machine", "throughput", "latency", "wall-seconds", "peak-memory-bytes");
  kinds("score", "fid", "kid-efficientnet-lite0", "class-accuracy-efficientnet-lite0", "psnr");
});
