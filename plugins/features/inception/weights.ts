/** Finding and reading a file of weights: a checkpoint, safetensors or TensorFlow's frozen graph, told apart by content. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import { readTensor } from "../../../harness/formats/tensor-file.ts";
import { decodeGraphConstants } from "../../../harness/formats/tensorflow-graph.ts";
import { weightsFolder } from "../../../harness/user-cache.ts";
import { expectedStateDict, type StateDict, type StoredTensors, takeStateDict } from "./state-dict.ts";
import { expectedGraph, isGraphTensor } from "./tensorflow-names.ts";

/** The published conversion of pytorch-fid and torch-fidelity. */
const PUBLISHED = {
  file: "pt_inception-2015-12-05-6726825d.pth",
  url: "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
  sha256Prefix: "6726825d",
};

/** Names under which the weights are looked for in the user's cache, in this order. */
const CACHED = [
  PUBLISHED.file,
  "weights-inception-2015-12-05-6726825d.pth",
  "inception-2015-12-05.safetensors",
  "classify_image_graph_def.pb",
];

/** The weights take 96 MB in every format. */
const MAX_BYTES = 2 ** 29;

export interface Weights {
  readonly dict: StateDict;
  /** sha256 over the float32 tensors, little-endian, in the state dict's order: the same from every format. */
  readonly digest: string;
  /** Whether the file is that of the published conversion, by its sha256. */
  readonly published: boolean;
  /** One sentence: the file, its sha256, and whether it is the published one. */
  readonly description: string;
}

/**
 * Where the weights are: `option` (relative to `baseFolder`), else EPG_BENCH_INCEPTION, else the user's cache.
 * @throws UserError where there are none, naming where to get them and where to put them
 */
export function weightsFile(option: string | undefined, baseFolder: string): string {
  const folder = weightsFolder();
  const named =
    option === undefined ? process.env.EPG_BENCH_INCEPTION || undefined : resolve(baseFolder, option);
  const found = named ?? CACHED.map((name) => join(folder, name)).find(existsSync);
  if (found !== undefined && existsSync(found)) return resolve(found);
  const { url, sha256Prefix, file } = PUBLISHED;
  throw new UserError(
    found === undefined
      ? "the weights of Inception-v3 are not on this machine"
      : `the weights of Inception-v3 are not at ${found}`,
    `npx epg-bench fetch inception, or download ${url} (sha256 ${sha256Prefix}…) to ${join(folder, file)}, or name another place with the option \`weights\` or EPG_BENCH_INCEPTION; or take the features of efficientnet-lite0, which is shipped`,
  );
}

/** @throws UserError for a file that cannot be read or holds another network */
export async function readWeights(file: string): Promise<Weights> {
  const { size } = await stat(file);
  if (size > MAX_BYTES)
    throw new UserError(
      `${file} has ${size} bytes, too many for Inception-v3`,
      "give the file of its weights, 96 MB",
    );
  const bytes = await readFile(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const published = sha256.startsWith(PUBLISHED.sha256Prefix);
  const dict = await readStateDict(file, bytes);
  return { dict, digest: digestOf(dict), published, description: describe(file, sha256, published) };
}

/** Field 1 (node) of a GraphDef, length-delimited. */
const NODE_TAG = 0x0a;

async function readStateDict(file: string, bytes: Uint8Array): Promise<StateDict> {
  try {
    if (bytes[0] === NODE_TAG)
      return await takeStateDict(file, decodeGraphConstants(bytes, file), expectedGraph(), isGraphTensor);
    return await fromTensors(file);
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(error.message, "fetch the file again");
    throw error;
  }
}

/** A PyTorch checkpoint or safetensors, under the state dict's names. */
async function fromTensors(file: string): Promise<StateDict> {
  const { tensors, close } = await openTensors(file);
  try {
    const stored: Record<string, StoredTensors[string]> = Object.create(null);
    for (const [name, tensor] of tensors)
      stored[name] = { dtype: tensor.dtype, shape: tensor.shape, read: () => readTensor(tensor) };
    return await takeStateDict(
      file,
      stored,
      expectedStateDict(),
      (name) => !name.endsWith(".num_batches_tracked"),
    );
  } finally {
    await close();
  }
}

function digestOf(dict: StateDict): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of dict.values())
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}

const describe = (file: string, sha256: string, published: boolean): string =>
  published
    ? `the weights of ${file} are the published inception-2015-12-05 (sha256 ${sha256})`
    : `the weights of ${file} (sha256 ${sha256}) are not recognised as the published file (sha256 ${PUBLISHED.sha256Prefix}…)`;
