import { execa } from "execa";

/** Once before all: the tests then start the command as users do. */
export async function setup(): Promise<void> {
  await execa("node", ["scripts/build.js"], { stdout: "inherit", stderr: "inherit" });
}
