/** Where a text stops being JSON (RFC 8259): JSON.parse itself tells the place in some cases only. */

const SPACE = /[ \t\n\r]*/y;
const NUMBER_OR_LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Expected = "value" | "value or close" | "key" | "key or close" | "colon" | "comma or close";

/** The first unexpected character of a text that is not JSON, with line and column from 1. */
export function unexpectedAt(text: string): string {
  const offset = errorOffset(text);
  const lines = text.slice(0, offset).split("\n");
  const found = offset < text.length ? JSON.stringify(text.slice(offset, offset + 12)) : "end of file";
  return `${found} at line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}

/** Walks the tokens with a stack of the brackets to be closed. */
function errorOffset(text: string): number {
  const open: string[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    at = endOf(SPACE, text, at);
    const character = text[at];
    if (expected.endsWith("close") && character !== undefined && character === open.at(-1)) {
      open.pop();
      at++;
      expected = "comma or close";
    } else if (expected === "comma or close") {
      if (character !== "," || open.length === 0) return at;
      at++;
      expected = open.at(-1) === "}" ? "key" : "value";
    } else if (expected === "colon") {
      if (character !== ":") return at;
      at++;
      expected = "value";
    } else if (character === '"') {
      const end = stringEnd(text, at);
      if (end.broken) return end.at;
      at = end.at;
      expected = expected.startsWith("key") ? "colon" : "comma or close";
    } else if (expected.startsWith("key")) {
      return at;
    } else if (character === "{" || character === "[") {
      open.push(character === "{" ? "}" : "]");
      at++;
      expected = character === "{" ? "key or close" : "value or close";
    } else {
      const end = endOf(NUMBER_OR_LITERAL, text, at);
      if (end === at) return at;
      at = end;
      expected = "comma or close";
    }
  }
}

/** The end of the match of a sticky pattern at `at`; `at` itself where it does not match. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

/** Past the closing quote, or at the character that no string may hold. */
function stringEnd(text: string, start: number): { at: number; broken: boolean } {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') {
    const next = text[at] === "\\" ? endOf(ESCAPE, text, at) : at + 1;
    if (next === at || text.charCodeAt(at) < 0x20) return { at, broken: true };
    at = next;
  }
  return at < text.length ? { at: at + 1, broken: false } : { at, broken: true };
}
