/** Command lines as shells read them, and without the folders they name. */
import { posix, win32 } from "node:path";

/** Words as a shell would need them to read the same. */
export const shellLine = (words: readonly string[]): string => words.map(quoted).join(" ");

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A word: what is quoted, escaped or neither, with nothing between. */
const WORD = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/gs;
const PART = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^'"\\]+)/gs;

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(WORD)].map(([word]) =>
    word.replaceAll(
      PART,
      (_, single?: string, double?: string, escaped?: string, bare?: string) =>
        single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? escaped ?? bare!,
    ),
  );

/** Where on a disk a file lay is nobody else's affair: of a path outside the folder one stands in, its name alone. */
export const withoutFolders = (line: string): string => shellLine(wordsOf(line).map(withoutFolder));

/** "--data=", "-c" with the value at it, "file:" */
const BEFORE_PATH = /^(?:-[A-Za-z](?=[/~.])|[\w-]+=|[A-Za-z][\w-]+:(?!\/\/)|file:\/\/)/;

function withoutFolder(word: string): string {
  const [before] = BEFORE_PATH.exec(word) ?? [""];
  if (before !== "") return before + withoutFolder(word.slice(before.length));
  if (win32.isAbsolute(word) && !posix.isAbsolute(word)) return win32.basename(word);
  const leaves = posix.isAbsolute(word) || /^(?:\.\.|~[^/]*)(?:\/|$)/.test(posix.normalize(word));
  return leaves ? posix.basename(word) : word;
}
