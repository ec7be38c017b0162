import { expect, test } from "vitest";
import { bytesText } from "../../harness/bytes.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1 kB"],
  [17_249_999, "17.2 MB"],
  [999_600_000, "1 GB"],
  [1.7106e9, "1.71 GB"],
  [141e9, "141 GB"],
  [5.15e11, "515 GB"],
  [1e15, "1 PB"],
  [2e18, "2,000 PB"],
])("%d bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));
