/** `report.json`: the result, validated, with its fields in the schema's order. `result.json` stays as the run wrote it. */
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { type Result, resultSchema } from "../harness/result.ts";

export default {
  name: "json",
  /** Writes `report.json` into the run folder. */
  async write(result: Result, folder: string): Promise<readonly string[]> {
    const text = JSON.stringify(resultSchema.parse(result), null, 2);
    await writeFileAtomic(join(folder, "report.json"), `${text}\n`);
    return ["report.json"];
  },
};
