/** Data-sheet numbers of GPUs: what estimates of time and memory rest on. */

export interface Gpu {
  readonly name: string;
  /** FLOP/s of dense bfloat16 products. */
  readonly peakFlops: number;
  readonly memoryBytes: number;
  /** Bytes a second and direction from one GPU to the others of its node (NVLink: half of the total that is advertised). */
  readonly nodeLink: number;
  /** The same to GPUs of other nodes, one network adapter a GPU. */
  readonly networkLink: number;
  readonly source: string;
}

/** By the name of a flag. */
export const GPUS = {
  h200: {
    name: "H200",
    peakFlops: 989e12,
    memoryBytes: 141e9,
    nodeLink: 450e9,
    networkLink: 50e9,
    source: "NVIDIA H200 SXM data sheet; 400 Gb/s a GPU as in DGX H200",
  },
  h100: {
    name: "H100",
    peakFlops: 989e12,
    memoryBytes: 80e9,
    nodeLink: 450e9,
    networkLink: 50e9,
    source: "NVIDIA H100 SXM data sheet; 400 Gb/s a GPU as in DGX H100",
  },
  a100: {
    name: "A100",
    peakFlops: 312e12,
    memoryBytes: 80e9,
    nodeLink: 300e9,
    networkLink: 25e9,
    source: "NVIDIA A100 80GB SXM data sheet; 200 Gb/s a GPU as in DGX A100",
  },
  h20: {
    name: "H20",
    peakFlops: 148e12,
    memoryBytes: 96e9,
    nodeLink: 450e9,
    networkLink: 50e9,
    source: "NVIDIA H20 as vendors list it (no public data sheet); 400 Gb/s a GPU assumed",
  },
} as const satisfies Readonly<Record<string, Gpu>>;

export type GpuName = keyof typeof GPUS;

/** GPUs that NVLink joins. */
export const GPUS_A_NODE = 8;
