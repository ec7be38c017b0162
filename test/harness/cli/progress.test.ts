import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { duration, lineProgress, liveProgress } from "../../../harness/cli/progress.ts";

/** A clock that stands still until it is told. */
function clock() {
  let time = 1_000;
  return { now: () => time, pass: (seconds: number) => (time += seconds * 1000) };
}

describe("without a terminal", () => {
  it("prints a line at the start, one every 30 s, and one at the end", () => {
    const { now, pass } = clock();
    const lines: string[] = [];
    const stage = lineProgress((line) => lines.push(line), now).stage("EPG pre-training", 1000, "steps");
    for (let step = 1; step <= 1000; step++) {
      pass(0.1);
      stage.update(step, `loss ${(1 / step).toFixed(2)}`);
    }
    stage.done();
    expect(lines).toEqual([
      "EPG pre-training: 1000 steps",
      "EPG pre-training: 300/1000 steps, 10.0 steps/s, 1 min 10 s left, loss 0.00",
      "EPG pre-training: 600/1000 steps, 10.0 steps/s, 40 s left, loss 0.00",
      "EPG pre-training: 900/1000 steps, 10.0 steps/s, 10 s left, loss 0.00",
      "EPG pre-training: done in 1 min 40 s, loss 0.00",
    ]);
  });

  it("does not count what was done before a resume as speed", () => {
    const { now, pass } = clock();
    const lines: string[] = [];
    const stage = lineProgress((line) => lines.push(line), now).stage("VAE", 1000, "steps");
    pass(5);
    stage.update(900);
    pass(40);
    stage.update(920);
    expect(lines.at(-1)).toBe("VAE: 920/1000 steps, 0.500 steps/s, 2 min 40 s left");
  });

  it("says where a resumed stage goes on", () => {
    const lines: string[] = [];
    lineProgress(
      (line) => lines.push(line),
      () => 0,
    ).stage("VAE", 1000, "steps", 310);
    expect(lines).toEqual(["VAE: goes on after 310 of 1000 steps"]);
  });

  it("says where a stage failed and why", () => {
    const lines: string[] = [];
    const progress = lineProgress(
      (line) => lines.push(line),
      () => 0,
    );
    const stage = progress.stage("VAE", 10, "steps");
    stage.update(3);
    stage.fail("the loss is NaN");
    progress.note("going on");
    expect(lines).toEqual(["VAE: 10 steps", "VAE: failed at 3/10 steps: the loss is NaN", "going on"]);
  });

  it("tells a stop from a failure", () => {
    const lines: string[] = [];
    const progress = lineProgress(
      (line) => lines.push(line),
      () => 0,
    );
    const stage = progress.stage("VAE", 10, "steps");
    stage.update(3);
    stage.stop();
    expect(lines).toEqual(["VAE: 10 steps", "VAE: stopped at 3/10 steps"]);
  });

  it("keeps stages apart that overlap", () => {
    const { now, pass } = clock();
    const lines: string[] = [];
    const progress = lineProgress((line) => lines.push(line), now);
    const [a, b] = [progress.stage("a", 10, "images"), progress.stage("b", 10, "images")];
    pass(31);
    a.update(1);
    b.update(2);
    expect(lines.slice(2)).toEqual(["a: 1/10 images", "b: 2/10 images"]);
  });
});

it("keeps lines, and lets no control characters through", () => {
  const lines: string[] = [];
  const progress = lineProgress(
    (line) => lines.push(line),
    () => 0,
  );
  progress.note("z\u001b[31m.png: bad\n  as told\u0007");
  progress.stage("features of \u009b1m", 2, "images").fail("\u202egnp");
  expect(lines).toEqual([
    "z [31m.png: bad\n  as told",
    "features of  1m: 2 images",
    "features of  1m: failed at 0/2 images:  gnp",
  ]);
});

describe("on a terminal", () => {
  it("redraws the running stages and leaves the ended ones above", () => {
    const { now, pass } = clock();
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    const written: string[] = [];
    stream.on("data", (chunk) => written.push(stripVTControlCharacters(String(chunk))));
    const progress = liveProgress(stream as unknown as NodeJS.WriteStream, now);
    const [a, b] = [progress.stage("a", 100, "steps"), progress.stage("b", 10, "images")];
    a.update(1);
    pass(1);
    a.update(11);
    expect(written.at(-1)).toContain("a: 11/100 steps, 10.0 steps/s, 9 s left\nb: 0/10 images");
    const before = written.length;
    a.update(12); // too soon after the last drawing
    expect(written).toHaveLength(before);
    a.done("loss 0.1");
    expect(written.slice(before).join("")).toContain("a: done in 1 s, loss 0.1\nb: 0/10 images");
    b.fail("out of memory");
    expect(written.slice(before).join("")).toContain("b: failed at 0/10 images: out of memory\n");
    progress.note("a\u0007b");
    expect(written.slice(before).join("")).toContain("a b\n");
    progress.close();
  });
});

it.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [3599, "59 min 59 s"],
  [7865, "2 h 11 min"],
])("duration(%d) is %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
