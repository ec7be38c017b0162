/** docs/backends.md: how far each operation, with its gradient, is from the reference on each backend. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../harness/package-root.ts";

/** By the backend's name and version, then by operation. */
export type Table = Record<string, Record<string, string>>;

export const TABLE_FILE = join(packageRoot(), "docs", "backends.md");

const cells = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

export function readTable(file = TABLE_FILE): Table {
  if (!existsSync(file)) return {};
  const [head, , ...rows] = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map(cells);
  const backends = head!.slice(1);
  return Object.fromEntries(
    backends.map((backend, i) => [backend, Object.fromEntries(rows.map((row) => [row[0]!, row[i + 1]!]))]),
  );
}

export function tableText(ops: readonly string[], table: Table): string {
  const backends = Object.keys(table);
  const line = (...row: string[]): string => `| ${row.join(" | ")} |`;
  return `# Backends and operations

Every operation of the program core with its gradient, on every backend: the largest distance from the float64 reference
interpreter, as a part of a tensor's largest number. Whole and decomposed, all cases of \`test/conformance\`, in float32;
the suite's tolerance is 1e-5 an operation, 1e-4 the gradients of networks, 1e-5 fifty losses, 2e-4 the weights after them
(in bfloat16 5e-2, 0.1, 5e-2, 0.3). Made by \`npm run conformance:table\`.

${[line("operation", ...backends), line("---", ...backends.map(() => "---")), ...ops.map((op) => line(op, ...backends.map((backend) => table[backend]![op] ?? "not measured")))].join("\n")}
`;
}
