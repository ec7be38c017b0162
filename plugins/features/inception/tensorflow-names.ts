/** Where classify_image_graph_def.pb keeps the tensors: scopes named by TensorFlow in the order of their making. */
import { CLASSES, FEATURES } from "./network.ts";
import { asIs, CONVOLUTIONS, type Expected } from "./state-dict.ts";

const STEM = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"];
const MODULES = [
  ...["Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c"],
  ...["Mixed_6d", "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c"],
];

/** The second and later of a scope's name are numbered from 1. */
const numbered = (name: string, index: number): string => (index === 0 ? name : `${name}_${index}`);

/** "Mixed_7b.branch3x3dbl_3b" → "mixed_9/tower_1/mixed/conv_1". */
function tensorflowScope(name: string): string {
  const [module, branch] = name.split(".") as [string, string | undefined];
  if (branch === undefined) return numbered("conv", STEM.indexOf(module));
  const scope = numbered("mixed", MODULES.indexOf(module));
  const { stem, step, half } = partsOf(branch);
  // A branch of one convolution stands in the module itself; pooling ones and longer ones are towers.
  if (step === null && stem !== "branch_pool") return `${scope}/conv`;
  const tower = `${scope}/${numbered("tower", towersOf(module).indexOf(stem))}`;
  if (half !== null) return `${tower}/mixed/${numbered("conv", half === "a" ? 0 : 1)}`;
  return `${tower}/${numbered("conv", (step ?? 1) - 1)}`;
}

function partsOf(branch: string): { stem: string; step: number | null; half: string | null } {
  const [, stem, step, half] = /^(.*?)(?:_(\d)([ab])?)?$/.exec(branch)!;
  return { stem: stem!, step: step === undefined ? null : Number(step), half: half ?? null };
}

function towersOf(module: string): string[] {
  const branches = CONVOLUTIONS.map(({ name }) => name.split("."))
    .filter(([owner]) => owner === module)
    .map(([, branch]) => partsOf(branch!));
  const towers = branches.filter(({ stem, step }) => step !== null || stem === "branch_pool");
  return [...new Set(towers.map(({ stem }) => stem))];
}

const NORM = { weight: "gamma", bias: "beta", running_mean: "moving_mean", running_var: "moving_variance" };

/** What the graph holds: kernels [height, width, in, out], the classifier [features, classes]. */
export function expectedGraph(): Expected[] {
  return [
    ...CONVOLUTIONS.flatMap(({ name, out, in: channels, kernel }): Expected[] => {
      const scope = tensorflowScope(name);
      const area = kernel[0] * kernel[1];
      const weight = {
        name: `${name}.conv.weight`,
        stored: `${scope}/conv2d_params`,
        shape: [...kernel, channels, out],
        arrange: (data: Float32Array) =>
          transposed(transposed(data, 1, area * channels, out), out, area, channels),
      };
      const norm = Object.entries(NORM).map(([part, stored]) => ({
        name: `${name}.bn.${part}`,
        stored: `${scope}/batchnorm/${stored}`,
        shape: [out],
        arrange: asIs,
      }));
      return [weight, ...norm];
    }),
    {
      name: "fc.weight",
      stored: "softmax/weights",
      shape: [FEATURES, CLASSES],
      arrange: (data) => transposed(data, 1, FEATURES, CLASSES),
    },
    { name: "fc.bias", stored: "softmax/biases", shape: [CLASSES], arrange: asIs },
  ];
}

/** Whether a constant of the graph is a tensor of the network, and not a size or a scale of its preprocessing. */
export const isGraphTensor = (name: string): boolean =>
  /\/(conv2d_params|batchnorm\/\w+)$|^softmax\//.test(name);

/** [batches, rows, columns] → [batches, columns, rows]. */
function transposed(data: Float32Array, batches: number, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let batch = 0; batch < batches; batch++) {
    const start = batch * rows * columns;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        turned[start + column * rows + row] = data[start + row * columns + column]!;
  }
  return turned;
}
