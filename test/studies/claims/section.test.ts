import { describe, expect, it } from "vitest";
import { curvesPlot } from "../../../studies/claims/plot.ts";
import { section, withSection } from "../../../studies/claims/section.ts";
import { study } from "./study.ts";

const text = section(study, "claims.svg");

/** Cells of the table row that begins with `first`. */
const row = (first: string): string[] =>
  text
    .split("\n")
    .find((line) => line.startsWith(`| ${first} |`))!
    .split("|")
    .map((cell) => cell.trim())
    .slice(1, -1);

describe("the results of a study", () => {
  it("holds every hypothesis with its values, interval and verdict", () => {
    // 10 less .2, .4, .6: mean 9.6, s = .2.
    expect(row("H1").slice(3)).toEqual(["9.80", "9.60", "9.40", "9.60 (9.10 to 10.10)", "**supported**"]);
    expect(row("H2").at(-1)).toBe("**contradicted**");
    expect(row("H3").slice(3)).toEqual(["0.00", "0.00", "0.00", "0.00 (0.00 to 0.00)", "**not decided**"]);
    expect(row("H4").at(-1)).toBe("**supported**");
    // The baseline ends 20 above, which EPG is at with a quarter of the budget.
    expect(row("H5").slice(3, 6)).toEqual(["1.39", "1.39", "1.39"]);
    expect(text).toContain("| −1.00 | −1.00 | −1.00 | −1.00 (−1.00 to −1.00) | — |");
  });

  it("holds every arm with its seeds and interval", () => {
    expect(row("one step")).toEqual([
      "one step",
      "4.00",
      "1",
      "90.10",
      "90.20",
      "90.30",
      "90.20 ± 0.25",
      "0.0090 ± 0.0000",
      "0.500 ± 0.000",
    ]);
  });

  it("holds every trial, the chosen rate bold, and says where it is at the edge", () => {
    const [, table] = text.split("### Learning rates");
    expect(table).toContain("| pre-trained | 0.0015 | 1.00 | **0.00** | 1.00 | 0.0015 |");
    expect(table).toContain("| one step | 0.0015 | **0.50** | 1.00 | 2.00 | 0.00075 (edge) |");
  });

  it("tells the command, the machine and what failed", () => {
    expect(text).toContain("Command: `npm run study:claims -- --publish`");
    expect(text).toContain(study.runs[0]!.env.cpu);
    expect(text).not.toContain("### Failures");
    const [first, ...others] = study.points;
    const broken = { ...study, points: [{ ...first!, fd: null, failure: "diverged" }, ...others] };
    expect(section(broken, "claims.svg")).toContain(
      `- ${first!.arm} at B/${first!.divisor}, seed 1: diverged`,
    );
  });

  it("decides nothing from an arm that failed", () => {
    const points = study.points.map((point) =>
      point.arm === "one step" && point.seed === 2 ? { ...point, fd: null, failure: "diverged" } : point,
    );
    expect(section({ ...study, points }, "claims.svg")).toMatch(/\| H4 .*\| — \| \*\*not decided\*\* \|/);
  });

  it("takes the place of the last between the markers, and leaves the rest", () => {
    const [begin, end] = ["<!-- results of npm run study:claims -->", "<!-- end of results -->"];
    const once = withSection(`before\n${begin}\nold\n${end}\nafter\n`, "new");
    expect(once).toBe(`before\n${begin}\n\nnew\n\n${end}\nafter\n`);
    expect(withSection(once, "new")).toBe(once);
    expect(() => withSection("nothing", "new")).toThrow("lacks");
  });

  it("is drawn with a line an arm that was trained to several budgets", async () => {
    const svg = await curvesPlot(study);
    expect(svg).toMatch(/^<svg/);
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(3);
    expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(study.points.length);
  });
});
