import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Result, resultSchema } from "../../harness/result.ts";
import { comparison } from "../../reports/comparison.ts";
import { frontier, frontiers } from "../../reports/frontier.ts";
import { frontierPlot } from "../../reports/frontier-plot.ts";
import markdown from "../../reports/markdown.ts";
import { fixtureResult } from "../fixtures/result.ts";

const EVIL = `</text><script>alert("x")</script>|\`\n`;

/** With images enough for a Fréchet distance. */
const withEnough = (result: Result): Result => ({ ...result, run: { ...result.run, featureDims: 64 } });

/** The fixture with a model sampled again: better and dearer guided, worse and cheaper unguided. */
function compared(name = "VAE + DiT"): Result {
  const result = withEnough(fixtureResult());
  const rename = (one: string): string => (one === "VAE + DiT" ? name : one);
  const model = result.run.entries.find((entry) => entry.name === "VAE + DiT")!;
  const again = (terms: "unguided" | "matched", calls: number, factor: number, distance: number) => {
    const row = `${name}: ${terms}, ${calls} calls`;
    const trial = { n: 128, heldOut: 256, standardError: 0.002 };
    const trials =
      terms === "matched"
        ? [
            { guidance: 1.5, kid: 0.05, ...trial },
            { guidance: 3, kid: 0.04, ...trial },
          ]
        : [];
    const rows = result.results
      .filter(({ entry }) => entry === "VAE + DiT")
      .map((one) => {
        const scale = one.metric.startsWith("fd") ? distance / one.value! : 1;
        const cost = ["nfe", "macs-per-image"].includes(one.metric) ? factor : 1;
        return { ...one, entry: row, value: one.value === null ? null : one.value * scale * cost };
      });
    const entry = {
      ...model,
      name: row,
      kind: "resampled" as const,
      sampling: { solver: "ddim", steps: calls, guidanceScale: terms === "matched" ? 3 : 1 },
      resampled: { of: name, terms, calls, trials },
    };
    return { entry, rows };
  };
  const more = [again("unguided", 25, 0.5, 90), again("matched", 75, 1.5, 58)];
  return resultSchema.parse({
    ...result,
    run: {
      ...result.run,
      entries: [
        ...result.run.entries.map((entry) => ({ ...entry, name: rename(entry.name) })),
        ...more.map(({ entry }) => entry),
      ],
      comparison: { calls: [25, 75], guidance: [1.5, 3], validationSamples: 128 },
    },
    results: [
      ...result.results.map((row) => ({ ...row, entry: rename(row.entry) })),
      ...more.flatMap(({ rows }) => rows),
    ],
  });
}

/** The fixture with the weights of its first model half-way: as good, at half of its training. */
function followed(): Result {
  const result = compared();
  const model = result.run.entries[0]!;
  const name = `${model.name}: at 50 % of its training`;
  const rows = result.results.flatMap((row) =>
    row.entry !== model.name
      ? []
      : [{ ...row, entry: name, value: row.value! * (row.metric === "total-train-flops" ? 0.5 : 1) }],
  );
  const milestone = { of: model.name, part: 0.5, step: 50, steps: 100 };
  const entry = { ...model, name, kind: "milestone" as const, milestone };
  return resultSchema.parse({
    ...result,
    run: { ...result.run, entries: [...result.run.entries, entry] },
    results: [...result.results, ...rows],
  });
}

describe("an entry along its training", () => {
  test("has points against training alone, where they can be on the line", () => {
    const [calls, , training] = frontiers(followed());
    expect(calls).toEqual(frontiers(compared())[0]);
    const [entry] = followed().run.entries;
    const own = training!.points.filter((point) => point.entry === entry!.name);
    expect(own.map(({ terms, onLine }) => [terms, onLine])).toEqual([
      ["as published", false],
      ["on the way", true],
    ]);
    expect(own[1]!.cost / own[0]!.cost).toBeCloseTo(0.5, 9);
  });

  test("is a line of the drawing, and the page says what a state on the way is not", async () => {
    const [calls, , training] = frontiers(followed());
    const lines = async (one: typeof calls) =>
      (await frontierPlot(one!)).match(/"line"|mark-line role-mark/g)?.length;
    expect(await lines(training)).toBe((await lines(calls))! + 1);
    expect(await frontierPlot(calls!)).not.toContain("on the way");
    expect(frontier(followed())).toMatch(/at 50 % of its training \| 50 of 100 \| 61\.2 ± 1\.8 \| 0\.0412/);
    expect(frontier(followed())).toContain("is not what a run planned for that budget would end with");
    expect(frontier(compared())).not.toContain("on the way");
    expect(comparison(followed())).not.toContain("of its training");
  });
});

describe("the frontier", () => {
  test("is told for calls, MACs and training; a row that another beats at no higher cost is off the line", () => {
    const all = frontiers(compared());
    expect(all.map(({ metric }) => metric)).toEqual(["nfe", "macs-per-image", "total-train-flops"]);
    const line = (i: number) => all[i]!.points.filter(({ onLine }) => onLine).map(({ name }) => name);
    // FD 92.7 at one call, 61.2 at 31, 58 at 75; 74.8 at 50 and 90 at 25: the last is cheaper than 31 and better than 92.7.
    expect(line(0)).toEqual([
      "EPG, Heun 16",
      "EPG, one step",
      "VAE + DiT: unguided, 25 calls",
      "VAE + DiT: matched, 75 calls",
    ]);
    // VAE + DiT is trained with the fewest FLOPs, and its guided row is the best of all.
    expect(line(2)).toEqual(["VAE + DiT: matched, 75 calls"]);
    expect(all[0]!.points.map(({ terms }) => terms)).toEqual([
      "as published",
      "as published",
      "as published",
      "unguided",
      "matched",
    ]);
  });

  test("in Markdown: the cheapest first, with errors and what is on the line", () => {
    const text = frontier(compared())!;
    const rows = text.split("### Against network calls")[1]!.split("### ")[0]!.split("\n").slice(6);
    expect(rows.filter((row) => row.startsWith("| ")).map((row) => row.split(" | ")[1])).toEqual([
      "1",
      "25",
      "31",
      "50",
      "75",
    ]);
    expect(text).toMatch(/\| EPG, one step \| 1 \| 92\.7 ± 2\.8 \| \*\*yes\*\* \|/);
    expect(text).toMatch(/\| VAE \+ DiT \| 50 \| 74\.8 ± 2\.2 \| {2}\|/);
    expect(text).toContain("(frontier/nfe.svg)");
  });

  test("ranks by KID where most of a Fréchet distance is bias, and says so", () => {
    expect(frontiers(compared())[0]!.quality).toBe("FD");
    expect(frontier(compared())).not.toContain("Ranked by KID");
    const few = fixtureResult();
    const [calls] = frontiers(few);
    expect(calls!.quality).toBe("KID");
    const kid = few.results.filter(({ metric }) => metric.startsWith("kid"));
    for (const { name, value } of calls!.points)
      expect(value).toBe(kid.find(({ entry }) => entry === name)!.value);
    expect(frontier(few)).toContain(
      "Ranked by KID, since most of a Fréchet distance of so few images is bias.",
    );
    expect(frontier(few)).toContain("KID ↓");
  });

  test("says which rows it lacks, and why", () => {
    const result = compared(EVIL);
    const cost = (entry: string, value: number | null | undefined) => (rows: Result["results"]) =>
      rows.flatMap((row) =>
        row.entry !== entry || row.metric !== "total-train-flops"
          ? [row]
          : value === undefined
            ? []
            : [{ ...row, value }],
      );
    const changes = [cost("EPG, one step", null), cost(EVIL, undefined)];
    const results = changes.reduce((rows, change) => change(rows), result.results);
    const last = frontiers({ ...result, results }).at(-1)!;
    expect(last.metric).toBe("total-train-flops");
    expect(last.lacking).toEqual([
      { name: "EPG, one step", why: "not known" },
      { name: EVIL, why: "a file of its weights does not tell" },
    ]);
    expect(last.points).toHaveLength(3);
    const text = frontier({ ...result, results })!;
    expect(
      text.match(
        /^Rows without it: EPG, one step \(not known\), .* \(a file of its weights does not tell\)\.$/gm,
      ),
    ).toHaveLength(1);
    expect(text).not.toMatch(/(?<!\\)<script/);
  });

  test("says nothing of a single row", () => {
    const result = fixtureResult();
    const entries = result.run.entries.slice(0, 1);
    expect(frontier({ ...result, run: { ...result.run, entries } })).toBeNull();
  });

  test("is drawn with error bars, and names are text in it", async () => {
    const [calls] = frontiers(compared(EVIL));
    const svg = await frontierPlot(calls!);
    expect(svg).toMatch(/^<svg/);
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;script&gt;");
    expect(svg).toContain("network calls an image (NFE)");
    expect(svg).toContain("as published");
    const more = await frontierPlot({
      ...calls!,
      points: calls!.points.map((point) => ({ ...point, standardError: null, cost: 31 })),
    });
    expect(more).not.toContain("NaN");
  });

  test("lies beside the report", async () => {
    const folder = mkdtempSync(join(tmpdir(), "frontier-"));
    try {
      expect(await markdown.write(compared(), folder)).toEqual([
        "report.md",
        "frontier/nfe.svg",
        "frontier/macs-per-image.svg",
        "frontier/total-train-flops.svg",
      ]);
      expect(readFileSync(join(folder, "frontier", "nfe.svg"), "utf8")).toMatch(/^<svg/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("entries on the same terms", () => {
  test("stand by the MACs of an image, with how each guidance was chosen", () => {
    const text = comparison(compared())!;
    const rows = text
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(2)
      .map((line) => line.slice(2, -2).split(" | ").slice(0, 5).concat(line.slice(2, -2).split(" | ")[7]!));
    expect(rows).toEqual([
      ["EPG, one step", "as published", "—", "", "none", "1"],
      ["VAE + DiT", "unguided", "25", "ddim 25", "none", "25"],
      ["EPG, Heun 16", "as published", "—", "16", "none", "31"],
      ["VAE + DiT", "as published", "—", "50", "none", "50"],
      ["VAE + DiT", "matched", "75", "ddim 75", "3", "75"],
    ]);
    expect(text).toContain("KID of 128 samples");
    expect(text).toContain("256 held-out images");
    expect(text).toMatch(/matched, 75 calls: KID at 1\.5: 0\.0500 ± 0\.0020; 3: 0\.0400 ± 0\.0020/);
  });

  test("names of others stay text", () => {
    const text = comparison(compared(EVIL))!;
    expect(text).not.toMatch(/(?<!\\)<script/);
    expect(text).toContain("\\<script\\>");
  });

  test("is silent where nothing was sampled again", () => {
    expect(comparison(fixtureResult())).toBeNull();
    const fixed = compared();
    expect(comparison(fixed)).not.toContain("Without a matched row");
    fixed.run.entries[0]!.unmatched = "its images exist already";
    expect(comparison(fixed)).toMatch(/Without a matched row:\n\n- .*: its images exist already/);
  });
});

test("budgets that whole steps fill a little differently are equal ones: the worse row is not the cheaper", () => {
  const result = withEnough(fixtureResult());
  const spent = [62e12, 61.996e12];
  const models = result.run.entries.filter(({ kind }) => kind === "model").slice(0, 2);
  const worse = result.results.find(
    ({ entry, metric }) => entry === models[1]!.name && metric.startsWith("fd"),
  )!;
  const results = result.results.map((row) => {
    const i = models.findIndex(({ name }) => name === row.entry);
    if (i >= 0 && row.metric === "total-train-flops") return { ...row, value: spent[i]! };
    return i >= 0 && row.metric === worse.metric ? { ...row, value: i === 0 ? 40 : 80 } : row;
  });
  const { points } = frontiers({ ...result, results }).find(({ metric }) => metric === "total-train-flops")!;
  const on = Object.fromEntries(points.map(({ name, onLine }) => [name, onLine]));
  expect([on[models[0]!.name], on[models[1]!.name]]).toEqual([true, false]);
});
