import type { Config } from "./schema.ts";

/** Types a config where it is written: `export default defineConfig({ dataset: shapes(), entries: {…} })`. */
export const defineConfig = (config: Config): Config => config;
