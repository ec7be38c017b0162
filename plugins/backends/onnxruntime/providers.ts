/** ONNX Runtime's providers for GPUs: which of them work here. Each is tried in a process of its own, which a driver may crash. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { execaNode } from "execa";
import * as ort from "onnxruntime-node";
import type { Finding } from "../../../harness/plugin.ts";
import { matmul, toOnnx, trace } from "../../../harness/program/index.ts";
import { cudaProvider, knownDevices, MEND } from "./device.ts";

const PROVIDERS = ["cuda", "webgpu"] as const;
type Provider = (typeof PROVIDERS)[number];

const TRIAL_SECONDS = 60;

const packageFile = createRequire(import.meta.url).resolve("onnxruntime-node");

export const examineProviders = (): Promise<Finding[]> => Promise.all(PROVIDERS.map(examine));

async function examine(provider: Provider): Promise<Finding> {
  const what = `onnxruntime on ${provider}`;
  const missing = (detail: string, fix: string): Finding => ({ what, works: false, detail, fix });
  if (!knownDevices().includes(provider))
    return missing(
      `onnxruntime-node has no ${provider} for ${process.platform}-${process.arch}`,
      "use another backend",
    );
  if (provider === "cuda" && !existsSync(cudaProvider()))
    return missing("its provider library is not in the npm package", MEND[provider]);
  const failure = await trial(provider);
  if (failure === null)
    return { what, works: true, detail: `ONNX Runtime ${ort.env.versions.common}`, fix: null };
  return missing(failure, MEND[provider]);
}

/** 3 · 3 on the provider alone; what it answers when it cannot is told on stdout, drivers talk on stderr. */
const SCRIPT = `
const [packageFile, model, provider] = process.argv.slice(1);
const ort = require(packageFile);
const three = new ort.Tensor("float32", [3], [1, 1]);
ort.InferenceSession.create(Buffer.from(model, "base64"), { executionProviders: [provider], logSeverityLevel: 4 })
  .then((session) => session.run({ a: three, b: three }))
  .then(({ y }) => console.log(y.data[0] === 9 ? "" : "multiplies 3 by 3 to " + y.data[0]))
  .catch((error) => console.log(error.message));
`;

/** Why it does not work; null where it does. */
async function trial(provider: Provider): Promise<string | null> {
  const program = trace("trial", (p) => {
    p.output("y", matmul(p.input("a", [1, 1]), p.input("b", [1, 1])));
  });
  const model = Buffer.from(toOnnx(program)).toString("base64");
  const { stdout, failed, shortMessage } = await execaNode("-e", [SCRIPT, packageFile, model, provider], {
    reject: false,
    stdin: "ignore",
    stderr: "ignore",
    timeout: TRIAL_SECONDS * 1000,
  });
  if (failed) return `a process that tried it ended: ${shortMessage!.split("\n")[0]!.replace(/: .*$/s, "")}`;
  return stdout.trim() === "" ? null : sentence(stdout);
}

/** What a native library means, without the file and function it stands in. */
const sentence = (text: string): string => /Failed to [^\n]*/.exec(text)?.[0] ?? text.trim().split("\n")[0]!;
