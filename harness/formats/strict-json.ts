/** JSON from files we did not write: valid UTF-8, one object, no key twice, nested no deeper than it needs be. */
import { FormatError } from "./format-error.ts";

/**
 * @param where what errors call the text
 * @param depth of objects and arrays within each other, the outermost counted
 * @param parts values and braces at most: each takes memory many times its length, where one long text takes its own
 * @throws FormatError
 */
export function parseJsonObject(
  json: Uint8Array,
  file: string,
  where: string,
  depth: number,
  parts = Number.POSITIVE_INFINITY,
): Record<string, unknown> {
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
    checkKeys(text, file, where, { depth, parts });
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(file, where, `not JSON in UTF-8: ${reason}`, { cause: error });
  }
  if (!isObject(value)) throw new FormatError(file, where, "not a JSON object");
  return value;
}

/** JSON whose shape a schema will tell, or null where a text is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Refuses what JSON.parse would take in silence: a key given twice, nesting without end, and parts without end. */
function checkKeys(
  text: string,
  file: string,
  where: string,
  { depth, parts }: { readonly depth: number; readonly parts: number },
): void {
  const open: Set<string>[] = [];
  let found = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if ("{[,".includes(character) && ++found > parts)
      throw new FormatError(file, where, `more than ${parts} values`);
    if (character === "{" || character === "[") {
      open.push(new Set());
      if (open.length > depth) throw new FormatError(file, `${where}, character ${at}`, "nested too deeply");
    } else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      if (text[afterSpace(text, end)] === ":") {
        const key = JSON.parse(text.slice(at, end)) as string;
        const keys = open.at(-1);
        if (keys?.has(key)) throw new FormatError(file, where, `the key ${JSON.stringify(key)} occurs twice`);
        keys?.add(key);
      }
      at = end - 1;
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}
