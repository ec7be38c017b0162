/** A file's network, open to be run. */
import * as ort from "onnxruntime-node";
import { EntryError } from "../../../harness/errors.ts";
import type { ModelFile } from "./model-file.ts";

type Feeds = Readonly<Record<string, ort.Tensor>>;

export interface Session {
  run(feeds: Feeds): Promise<ort.InferenceSession.ReturnType>;
  release(): Promise<void>;
}

/** @throws EntryError where the file cannot be run, and where a run of it fails */
export async function openSession({ path }: ModelFile, threads: number): Promise<Session> {
  const session = await ort.InferenceSession.create(path, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  }).catch((error: Error) => {
    throw new EntryError(`${path} cannot be run: ${error.message.split("\n")[0]}`);
  });
  return {
    run: (feeds) =>
      session.run(feeds).catch((error: Error) => {
        throw new EntryError(`${path} failed: ${error.message.split("\n")[0]}`);
      }),
    release: () => session.release(),
  };
}
