/** The reporters by name, each loaded when it is asked for. */
import type { Result } from "../harness/result.ts";

export interface Reporter {
  readonly name: string;
  /** Writes into the run folder from the result alone; returns the paths written, relative to it. */
  write(result: Result, folder: string): Promise<readonly string[]>;
}

export const reporters: Readonly<Record<string, () => Promise<Reporter>>> = {
  md: async () => (await import("./markdown.ts")).default,
  html: async () => (await import("./html.ts")).default,
  json: async () => (await import("./json.ts")).default,
};
