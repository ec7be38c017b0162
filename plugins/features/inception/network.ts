/**
 * Inception-v3 "2015-12-05", the network of FID: Szegedy et al., arXiv:1512.00567, as TensorFlow's
 * classify_image_graph_def.pb has it. Written once over a `Unit`, convolution with batch norm and ReLU, so
 * that the norm can be folded away or kept. Other Inception-v3 weights pool and pad otherwise.
 */
import { averagePool2d, concat, maxPool2d, type Value } from "../../../harness/program/index.ts";

/** A bias-free convolution, batch norm (ε = 0.001) and ReLU; `name` is that of the published state dict. */
export interface Convolution {
  readonly name: string;
  readonly out: number;
  readonly in: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: number;
  /** Zeros at left, right, top, bottom. */
  readonly padding: readonly [number, number, number, number];
}

export type Unit = (x: Value, convolution: Convolution) => Value;

/** Pixels a side the network takes. */
export const SIDE = 299;
/** ImageNet's classes and 8 unused ones. */
export const CLASSES = 1008;
export const FEATURES = 2048;

/** What lies inside the network: activations [N, C, H, W] by the names of their taps. */
export type Activation = "64" | "192" | "768" | "spatial" | "2048";

/** The activations in the network's order; "spatial" is Mixed_6d's first branch. */
export const ACTIVATIONS: readonly Activation[] = ["64", "192", "spatial", "768", "2048"];

/**
 * Runs x [N, 3, 299, 299] through the network as far as `last`.
 * @param reached is given every activation passed, in the network's order
 */
export function inceptionV3(x: Value, unit: Unit, last: Activation, reached: Reached): void {
  let value = x;
  for (const stage of STAGES) {
    value = stage.run(value, unit, reached);
    if (stage.taps.includes(last)) return;
  }
}

type Reached = (activation: Activation, value: Value) => void;

interface Stage {
  readonly taps: readonly Activation[];
  readonly run: (x: Value, unit: Unit, reached: Reached) => Value;
}

interface Shape {
  readonly kernel?: number | readonly [height: number, width: number];
  readonly stride?: number;
  /** Keeps the image's size (stride 1): half the kernel on each side. */
  readonly same?: true;
}

/** A unit applied: `apply("branch1x1", x, 64)`. */
type Apply = (branch: string, x: Value, out: number, shape?: Shape) => Value;

const within =
  (unit: Unit, module: string): Apply =>
  (branch, x, out, { kernel = 1, stride = 1, same } = {}) => {
    const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
    const [rows, columns] = same ? [(height - 1) / 2, (width - 1) / 2] : [0, 0];
    return unit(x, {
      name: branch === "" ? module : `${module}.${branch}`,
      out,
      in: x.shape[1]!,
      kernel: [height, width],
      stride,
      padding: [columns, columns, rows, rows],
    });
  };

const THREE: Shape = { kernel: 3, same: true };
const HALVING: Shape = { kernel: 3, stride: 2 };
const ROW: Shape = { kernel: [1, 7], same: true };
const COLUMN: Shape = { kernel: [7, 1], same: true };

const halved = (x: Value): Value => maxPool2d(x, { kernel: 3, stride: 2 });
const average = (x: Value): Value => averagePool2d(x, { kernel: 3, padding: 1 });
const largest = (x: Value): Value => maxPool2d(x, { kernel: 3, padding: 1 });

const alone = (name: string, out: number, shape?: Shape): Stage => ({
  taps: [],
  run: (x, unit) => within(unit, name)("", x, out, shape),
});

const pooled = (activation: Activation): Stage => ({
  taps: [activation],
  run: (x, _, reached) => {
    const y = halved(x);
    reached(activation, y);
    return y;
  },
});

const module = (
  name: string,
  branches: (apply: Apply, x: Value) => readonly Value[],
  activation?: Activation,
): Stage => ({
  taps: activation ? [activation] : [],
  run: (x, unit, reached) => {
    const parts = branches(within(unit, name), x);
    const y = concat(parts, 1);
    if (activation) reached(activation, activation === "spatial" ? parts[0]! : y);
    return y;
  },
});

const a = (name: string, poolWidth: number): Stage =>
  module(name, (apply, x) => [
    apply("branch1x1", x, 64),
    apply("branch5x5_2", apply("branch5x5_1", x, 48), 64, { kernel: 5, same: true }),
    apply("branch3x3dbl_3", apply("branch3x3dbl_2", apply("branch3x3dbl_1", x, 64), 96, THREE), 96, THREE),
    apply("branch_pool", average(x), poolWidth),
  ]);

const b = (name: string): Stage =>
  module(name, (apply, x) => [
    apply("branch3x3", x, 384, HALVING),
    apply("branch3x3dbl_3", apply("branch3x3dbl_2", apply("branch3x3dbl_1", x, 64), 96, THREE), 96, HALVING),
    halved(x),
  ]);

const c = (name: string, width: number, activation?: Activation): Stage =>
  module(
    name,
    (apply, x) => {
      const first = apply("branch1x1", x, 192);
      let single = apply("branch7x7_1", x, width);
      single = apply("branch7x7_2", single, width, ROW);
      single = apply("branch7x7_3", single, 192, COLUMN);
      let double = apply("branch7x7dbl_1", x, width);
      double = apply("branch7x7dbl_2", double, width, COLUMN);
      double = apply("branch7x7dbl_3", double, width, ROW);
      double = apply("branch7x7dbl_4", double, width, COLUMN);
      double = apply("branch7x7dbl_5", double, 192, ROW);
      return [first, single, double, apply("branch_pool", average(x), 192)];
    },
    activation,
  );

const d = (name: string): Stage =>
  module(name, (apply, x) => {
    const three = apply("branch3x3_2", apply("branch3x3_1", x, 192), 320, HALVING);
    let seven = apply("branch7x7x3_1", x, 192);
    seven = apply("branch7x7x3_2", seven, 192, ROW);
    seven = apply("branch7x7x3_3", seven, 192, COLUMN);
    return [three, apply("branch7x7x3_4", seven, 192, HALVING), halved(x)];
  });

const e = (name: string, pool: (x: Value) => Value, activation?: Activation): Stage =>
  module(
    name,
    (apply, x) => {
      const crossed = (branches: readonly [string, string], y: Value): readonly Value[] => [
        apply(branches[0], y, 384, { kernel: [1, 3], same: true }),
        apply(branches[1], y, 384, { kernel: [3, 1], same: true }),
      ];
      const first = apply("branch1x1", x, 320);
      const three = crossed(["branch3x3_2a", "branch3x3_2b"], apply("branch3x3_1", x, 384));
      const double = apply("branch3x3dbl_2", apply("branch3x3dbl_1", x, 448), 384, THREE);
      return [
        first,
        ...three,
        ...crossed(["branch3x3dbl_3a", "branch3x3dbl_3b"], double),
        apply("branch_pool", pool(x), 192),
      ];
    },
    activation,
  );

const STAGES: readonly Stage[] = [
  alone("Conv2d_1a_3x3", 32, HALVING),
  alone("Conv2d_2a_3x3", 32, { kernel: 3 }),
  alone("Conv2d_2b_3x3", 64, THREE),
  pooled("64"),
  alone("Conv2d_3b_1x1", 80),
  alone("Conv2d_4a_3x3", 192, { kernel: 3 }),
  pooled("192"),
  a("Mixed_5b", 32),
  a("Mixed_5c", 64),
  a("Mixed_5d", 64),
  b("Mixed_6a"),
  c("Mixed_6b", 128),
  c("Mixed_6c", 160),
  c("Mixed_6d", 160, "spatial"),
  c("Mixed_6e", 192, "768"),
  d("Mixed_7a"),
  e("Mixed_7b", average),
  e("Mixed_7c", largest, "2048"),
];
