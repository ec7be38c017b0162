/** `report.html`: the page of `report.md` as one file, its pictures inside it. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { Marked, type Tokens } from "marked";
import writeFileAtomic from "write-file-atomic";
import type { Result } from "../harness/result.ts";
import markdownReporter, { markdown } from "./markdown.ts";

/** Nothing is fetched and nothing runs, whatever the page says. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 90rem; margin: 2rem auto; padding: 0 1rem; }
p, li { max-width: 70rem; }
table { display: block; overflow-x: auto; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 0.75rem; vertical-align: top; }
td[align="right"] { white-space: nowrap; }
td:first-child { min-width: 8rem; }
tbody tr:hover { background: #f6f6f6; }
img { max-width: 100%; }
code { font-size: 0.9em; background: #f3f3f3; padding: 0 0.2em; overflow-wrap: anywhere; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 4px solid #ccc; }
summary { cursor: pointer; }
`;

/** The only HTML that the report's Markdown holds: line breaks in cells, and what is folded. */
const OWN_HTML = /^\s*(<br>|<details><summary>[\w ]*<\/summary>|<\/details>)\s*$/;

const MEDIA: Readonly<Record<string, string>> = { ".png": "image/png", ".svg": "image/svg+xml" };

/** @param folder of the run, whose pictures the report names; one that is missing is named in words */
export async function html(result: Result, folder: string): Promise<string> {
  const pictures = new Map<string, string>();
  const marked = new Marked({
    async: true,
    walkTokens: async (token) => {
      if (token.type === "image") pictures.set(token.href, await inlined(folder, token.href));
    },
    renderer: {
      image({ href, text: source, tokens }: Tokens.Image): string {
        const text = tokens ? this.parser.parseInline(tokens, this.parser.textRenderer) : source;
        const picture = pictures.get(href);
        return picture ? `<img alt="${quoted(text)}" src="${picture}">` : quoted(`${text} (${href})`);
      },
      html: ({ text }: Tokens.HTML | Tokens.Tag): string => (OWN_HTML.test(text) ? text : quoted(text)),
    },
  });
  const body = await marked.parse(markdown(result));
  const title = quoted(`${result.run.dataset.name} at ${result.run.resolution} px, epg-bench`);
  return [
    "<!doctype html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    `<meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head>`,
    `<body>\n${body}</body>`,
    "</html>\n",
  ].join("\n");
}

/** As a data URI; "" where there is no such picture in the folder. */
async function inlined(folder: string, href: string): Promise<string> {
  const path = join(folder, decodeURIComponent(href));
  const media = MEDIA[extname(path)];
  if (media === undefined || !existsSync(path)) return "";
  return `data:${media};base64,${(await readFile(path)).toString("base64")}`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const quoted = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);

export default {
  name: "html",
  /** Writes `report.md`, whose plots it takes in, and `report.html` into the run folder. */
  async write(result: Result, folder: string): Promise<readonly string[]> {
    const written = await markdownReporter.write(result, folder);
    await writeFileAtomic(join(folder, "report.html"), await html(result, folder));
    return [...written, "report.html"];
  },
};
