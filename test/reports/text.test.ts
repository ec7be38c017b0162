import { expect, test } from "vitest";
import { code, escaped, image, plain, table } from "../../reports/text.ts";

test("names cannot become markup, cells or lines", () => {
  expect(escaped("a|b *c* _d_ <img> [x](y) `z` &amp;")).toBe(
    "a\\|b \\*c\\* \\_d\\_ \\<img\\> \\[x\\](y) \\`z\\` \\&amp;",
  );
  expect(escaped("one\n# two\r\n")).toBe("one \\# two");
});

test("nothing reaches the terminal's control sequences, nor turns the text around", () => {
  expect(plain("a\u001b[31mred\u009b2J\u202eb")).toBe("a [31mred 2J b");
});

test("code stays closed around backticks", () => {
  expect(code("npx x")).toBe("`npx x`");
  expect(code("a `b` ``c``")).toBe("``` a `b` ``c`` ```");
});

test("an image is a relative path, percent-encoded; one that leaves the folder is only named", () => {
  expect(image("a [b]", "samples/a (1).png")).toBe("![a \\[b\\]](samples/a%20%281%29.png)");
  for (const path of ["../secret.png", "/etc/passwd", "https://example.org/x.png", "C:\\x.png"])
    expect(image("x", path)).not.toContain("](");
});

test("a table is GitHub's", () => {
  expect(table([{ head: "" }, { head: "n", align: "right" }], [["a", "1"]])).toBe(
    "|  | n |\n| :-- | --: |\n| a | 1 |",
  );
});
