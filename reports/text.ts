/** Markdown from text that others wrote: names, reasons and paths must not turn into markup. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they and bidirectional overrides are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;

/** One line without control characters: safe on a terminal. */
export const plain = (text: string): string => text.replace(CONTROLS, " ").trim();

/** The same, line by line. */
export const plainLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.replace(CONTROLS, " ").trimEnd())
    .join("\n");

/** Text that Markdown shows as it is, also inside a table. */
export const escaped = (text: string): string => plain(text).replace(/[\\`*_[\]<>|~#&]/g, "\\$&");

/** Text in code type; a fence longer than any run of backticks in it keeps it closed. */
export function code(text: string): string {
  const line = plain(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

/** An image of the run folder; a path that leads out of it is named, not shown. */
export function image(caption: string, path: string): string {
  const parts = path.split("/");
  const leavesFolder = parts.some((part) => part === ".." || part === "") || /[\\:]/.test(path);
  if (leavesFolder) return `${escaped(caption)}: ${code(path)}`;
  const target = parts.map((part) => encodeURIComponent(plain(part)).replace(/[()']/g, hexEscape)).join("/");
  return `![${escaped(caption)}](${target})`;
}

const hexEscape = (character: string): string => `%${character.charCodeAt(0).toString(16)}`;

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** A table of cells that are Markdown already. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ head }) => head)),
    line(columns.map(({ align }) => (align === "right" ? "--:" : ":--"))),
    ...rows.map(line),
  ].join("\n");
}

export const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");
