/** Weights by formula, for tests where the published ones are not: the same numbers wherever they are made. */
import { CONVOLUTIONS, type StateDict } from "../../../../plugins/features/inception/state-dict.ts";
import { uniformAt } from "../../../fixtures/uniform-formula.ts";

const fill = (n: number, value: (i: number) => number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => value(i));

/** `varied`: batch norms and the classifier's bias differ by channel, which in the plain set they do not. */
export function deterministicWeights(varied = false): StateDict {
  const dict = new Map<string, Float32Array>();
  CONVOLUTIONS.forEach(({ name, out, in: channels, kernel }, t) => {
    const fanIn = channels * kernel[0] * kernel[1];
    const bound = Math.sqrt(6 / fanIn);
    dict.set(
      `${name}.conv.weight`,
      fill(out * fanIn, (i) => (2 * uniformAt(i, t) - 1) * bound),
    );
    const norm = (part: string, plain: number, one: (i: number) => number) =>
      dict.set(`${name}.bn.${part}`, fill(out, varied ? one : () => plain));
    norm("weight", 1, (i) => 0.75 + 0.5 * uniformAt(i, 1000 + t));
    norm("bias", 0.125, (i) => 0.25 * uniformAt(i, 2000 + t));
    norm("running_mean", 0.0625, (i) => 0.125 * uniformAt(i, 3000 + t));
    norm("running_var", 1, (i) => 0.5 + uniformAt(i, 4000 + t));
  });
  const bound = Math.sqrt(3 / 2048);
  dict.set(
    "fc.weight",
    fill(1008 * 2048, (i) => (2 * uniformAt(i, 94) - 1) * bound),
  );
  dict.set("fc.bias", fill(1008, varied ? (i) => 2 * uniformAt(i, 5000) - 1 : () => 0));
  return dict;
}
