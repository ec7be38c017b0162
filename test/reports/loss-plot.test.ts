import { expect, it } from "vitest";
import { lossPlot } from "../../reports/loss-plot.ts";

const points = (loss: (i: number) => number, n = 50) =>
  Array.from({ length: n }, (_, i) => ({ flops: (i + 1) * 1e9, loss: loss(i) }));

/** Numbers in the paths of the two lines. */
const linesOf = (svg: string): number[] =>
  [...svg.matchAll(/aria-roledescription="line mark"[^>]* d="([^"]*)"/g)].map(
    ([, d]) => d!.split("L").length,
  );

it("draws every point and their mean, a decade as far as the next", async () => {
  const svg = await lossPlot(
    "EPG: <pre-training> & more",
    points((i) => 10 ** (-i / 10)),
  );
  expect(svg).toContain("EPG: &lt;pre-training&gt; &amp; more");
  expect(linesOf(svg)).toEqual([50, 50]);
  expect(svg).toContain("0.0001");
});

it("leaves out what is no number, and draws losses below zero", async () => {
  const svg = await lossPlot(
    "broken",
    points((i) => (i === 49 ? Number.NaN : 1 - i)),
  );
  expect(linesOf(svg)).toEqual([49, 49]);
  expect(svg).not.toContain("NaN");
});

it("draws one point", async () => {
  expect(
    await lossPlot(
      "short",
      points(() => 1, 1),
    ),
  ).toContain("<svg");
});
