import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Of every stage's curve: step after step. */
export function lossesOf(folder: string, output: string): Record<string, number[]> {
  const curves = join(folder, output, "curves");
  const files = readdirSync(curves).filter((file) => file.endsWith(".csv"));
  return Object.fromEntries(
    files.map((file) => {
      const [header, ...rows] = readFileSync(join(curves, file), "utf8").trim().split("\n");
      const column = header!.split(",").indexOf("loss");
      return [file, rows.map((row) => Number(row.split(",")[column]))];
    }),
  );
}
