import { expect, it } from "vitest";
import { hasAutoencoder, trainingBill } from "../../../harness/measure/autoencoder-bill.ts";

const vae = { kind: "training", macs: 100, flops: 210, autoencoder: true } as const;
const encoding = { kind: "encoding", macs: 10, flops: 21 } as const;
const network = { kind: "training", macs: 1000, flops: 2100 } as const;
const sampling = { kind: "sampling", macs: 7, flops: 15 } as const;
const decoding = { kind: "decoding", macs: 3, flops: 7 } as const;
const lines = [vae, encoding, network, sampling, decoding];

it.each([
  [1, 1110, 2331],
  [1 / 4, 1035, 2173.5],
  [0, 1010, 2121],
])("pays %d of the autoencoder, all of its own training and encoding, no sampling", (share, macs, flops) => {
  expect(trainingBill(lines, share)).toEqual({ macs, flops });
});

it("tells whether there is one to share", () => {
  expect(hasAutoencoder(lines)).toBe(true);
  expect(hasAutoencoder([encoding, network])).toBe(false);
});

it("is not known where a line that is paid does not tell, and is where it is free", () => {
  const untold = { ...vae, macs: null, flops: null };
  expect(trainingBill([untold, network], 1)).toEqual({ macs: null, flops: null });
  expect(trainingBill([untold, network], 0)).toEqual({ macs: 1000, flops: 2100 });
  expect(trainingBill([{ ...vae, macs: null }, network], 1 / 2)).toEqual({ macs: null, flops: 2205 });
});
