/**
 * The weights of LPIPS in files that others made: all in one (`lpips.LPIPS`'s state dict, alone or as the training loss within
 * a latent-diffusion autoencoder's checkpoint), or torchvision's VGG16 and the published linear layers apart.
 */
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import { type LazyTensor, readTensor, type TensorFile } from "../../../harness/formats/tensor-file.ts";
import { type State, type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
import { perceptualDistance, sliceOf } from "./perceptual.ts";

/** The smallest side that its four poolings leave something of. */
const SIDE = 16;

const perceptualStates = (): readonly State[] =>
  trace("lpips", (p) => {
    const image = (name: string) => p.input(name, [1, 3, SIDE, SIDE]);
    p.output("distance", perceptualDistance(p, image("x"), image("y")));
  }).states;

/** A tensor's name in `lpips.LPIPS`, whatever it is called in a file and under; null: it is none of LPIPS's. */
function ownName(name: string): string | null {
  const [, own] = /(?:^|[./])(net\.slice\d\.\d+\.(?:weight|bias)|lin\d\.model\.1\.weight)$/.exec(name) ?? [];
  if (own !== undefined) return own;
  const [, index, part] = /(?:^|[./])features\.(\d+)\.(weight|bias)$/.exec(name) ?? [];
  if (index !== undefined) return `net.slice${sliceOf(Number(index))}.${index}.${part}`;
  return null;
}

const WHERE =
  "give lpips.LPIPS(net='vgg')'s state dict, or torchvision's vgg16-397923af.pth and lpips/weights/v0.1/vgg.pth of richzhang/PerceptualSimilarity";

/**
 * Reads LPIPS's weights, by its names, out of one or more files; what else they hold is left alone.
 * @throws UserError where a file cannot be read, or the files lack a tensor, hold one twice or one of another network
 */
export async function readPerceptual(paths: readonly string[]): Promise<Tensors> {
  const files: { path: string; file: TensorFile }[] = [];
  try {
    for (const path of paths) files.push({ path, file: await opened(path) });
    return await taken(files);
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(`lpips: ${error.message}`, WHERE);
    throw error;
  } finally {
    for (const { file } of files) await file.close();
  }
}

async function opened(path: string): Promise<TensorFile> {
  try {
    return await openTensors(path);
  } catch (error) {
    if (error instanceof Error && "syscall" in error)
      throw new UserError(`lpips: ${path} cannot be read: ${error.message}`, WHERE);
    throw error;
  }
}

async function taken(files: readonly { path: string; file: TensorFile }[]): Promise<Tensors> {
  const found = new Map<string, { title: string; tensor: LazyTensor }>();
  for (const { path, file } of files)
    for (const [name, tensor] of file.tensors) {
      const own = ownName(name);
      if (own === null) continue;
      const title = `${name} of ${path}`;
      const before = found.get(own);
      if (before) throw new UserError(`lpips: ${before.title} and ${title} are one parameter`, WHERE);
      found.set(own, { title, tensor });
    }
  const read: Record<string, Tensor> = {};
  for (const { name, value } of perceptualStates()) {
    const one = found.get(name);
    if (!one) throw new UserError(`lpips: ${files.map(({ path }) => path).join(", ")} lack ${name}`, WHERE);
    const { title, tensor } = one;
    if (tensor.shape.join() !== value.shape.join())
      throw new UserError(
        `lpips: ${title} is [${tensor.shape.join(", ")}], VGG16's is [${value.shape.join(", ")}]`,
        WHERE,
      );
    read[name] = { dtype: "float32", shape: value.shape, data: toFloat32(await readTensor(tensor)) };
  }
  return read;
}
