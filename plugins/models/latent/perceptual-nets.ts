/** The classifiers that LPIPS looks through (lpips `pretrained_networks.py`), by torchvision's indices of their `features`. */

/** A convolution with bias, then ReLU. */
interface Convolution {
  readonly index: number;
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** SqueezeNet's module (arXiv:1602.07360): 1×1 to `squeeze` channels, then 1×1 and 3×3 to `expand` each, side by side. */
interface Fire {
  readonly index: number;
  readonly squeeze: number;
  readonly expand: number;
}

interface Slice {
  /** The max pooling before it, of stride 2. */
  readonly pool: { readonly kernel: number; readonly ceil: boolean } | null;
  readonly layers: readonly (Convolution | Fire)[];
}

export interface PerceptualNet {
  readonly title: string;
  /** A slice a tap. */
  readonly slices: readonly Slice[];
  /** The smallest side of images that all poolings leave something of. */
  readonly smallest: number;
}

const narrow = (index: number, channels: number): Convolution => ({
  index,
  channels,
  kernel: 3,
  stride: 1,
  padding: 1,
});

/** arXiv:1409.1556 */
const vgg: PerceptualNet = {
  title: "VGG16",
  slices: [
    { pool: null, layers: [narrow(0, 64), narrow(2, 64)] },
    ...[
      [narrow(5, 128), narrow(7, 128)],
      [narrow(10, 256), narrow(12, 256), narrow(14, 256)],
      [narrow(17, 512), narrow(19, 512), narrow(21, 512)],
      [narrow(24, 512), narrow(26, 512), narrow(28, 512)],
    ].map((layers) => ({ pool: { kernel: 2, ceil: false }, layers })),
  ],
  smallest: 16,
};

const overlapping = { kernel: 3, ceil: false };
/** torchvision's, with the widths of arXiv:1404.5997 */
const alex: PerceptualNet = {
  title: "AlexNet",
  slices: [
    { pool: null, layers: [{ index: 0, channels: 64, kernel: 11, stride: 4, padding: 2 }] },
    { pool: overlapping, layers: [{ index: 3, channels: 192, kernel: 5, stride: 1, padding: 2 }] },
    { pool: overlapping, layers: [narrow(6, 384)] },
    { pool: null, layers: [narrow(8, 256)] },
    { pool: null, layers: [narrow(10, 256)] },
  ],
  smallest: 31,
};

const fire = (index: number, squeeze: number, expand: number): Fire => ({ index, squeeze, expand });
const raised = { kernel: 3, ceil: true };
const squeeze: PerceptualNet = {
  title: "SqueezeNet 1.1",
  slices: [
    { pool: null, layers: [{ index: 0, channels: 64, kernel: 3, stride: 2, padding: 0 }] },
    { pool: raised, layers: [fire(3, 16, 64), fire(4, 16, 64)] },
    { pool: raised, layers: [fire(6, 32, 128), fire(7, 32, 128)] },
    { pool: raised, layers: [fire(9, 48, 192)] },
    { pool: null, layers: [fire(10, 48, 192)] },
    { pool: null, layers: [fire(11, 64, 256)] },
    { pool: null, layers: [fire(12, 64, 256)] },
  ],
  smallest: 17,
};

/** By the package's names. */
export const PERCEPTUAL_NETS = { vgg, alex, squeeze } as const;
export type PerceptualNetName = keyof typeof PERCEPTUAL_NETS;

/** The slice, from 1, that a layer of a net belongs to; 0: none. */
export const sliceOf = ({ slices }: PerceptualNet, index: number): number =>
  1 + slices.findIndex(({ layers }) => layers.some((layer) => layer.index === index));
