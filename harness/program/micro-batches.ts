/** Gradient accumulation: a step whose activations are those of a part of its batch at a time. */
import { gradients } from "./gradient.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { waitFor } from "./ops/ready.ts";
import { slice } from "./ops/shape.ts";
import type { Value } from "./tensor.ts";
import type { Tracer } from "./trace.ts";

export interface PartLoss {
  /** The mean over the part's images. */
  readonly loss: Value;
  /** Other scalar means over them, by name. */
  readonly terms?: Readonly<Record<string, Value>>;
}

export interface Accumulated {
  readonly loss: Value;
  readonly terms: Readonly<Record<string, Value>>;
  /** Of every parameter declared so far, in order: what `adamw` takes. */
  readonly gradients: readonly Value[];
}

/**
 * The loss of `batch` images, its terms and its gradients, as means over parts of `size` images, each passed forward and back
 * before the next one is begun: so activations are `size` images'.
 * @param lossOf the loss of `size` images; inputs that it declares with `size` rows are parts of inputs of `batch`.
 * It must not hang on the batch otherwise, as a contrastive loss or BatchNorm does. It may declare inputs and parameters.
 */
export function microBatches(
  p: Tracer,
  batch: number,
  size: number,
  lossOf: (p: Tracer) => PartLoss,
): Accumulated {
  if (batch % size !== 0)
    throw new Error(`microBatches: ${size} images a part must divide the batch of ${batch}`);
  const parts = batch / size;
  const whole = new Map<string, Value>();
  const partAt = (k: number): Tracer => ({
    ...p,
    input(name, shape, dtype) {
      const own = shape[0] === size;
      const declared = whole.get(name) ?? p.input(name, own ? [batch, ...shape.slice(1)] : shape, dtype);
      whole.set(name, declared);
      // Else an engine with an order of its own may hold the activations of all parts at once.
      return own ? waitFor(slice(declared, 0, k * size, (k + 1) * size), total?.gradients ?? []) : declared;
    },
    output(name) {
      throw new Error(`microBatches: output ${name} would be of one part`);
    },
    update(name) {
      throw new Error(`microBatches: update of ${name} would be by one part`);
    },
  });
  let total: Accumulated | null = null;
  for (let k = 0; k < parts; k++) {
    const { loss, terms = {} } = lossOf(partAt(k));
    const found = gradients(
      loss,
      p.parameters().map(({ value }) => value),
    );
    total = total
      ? {
          loss: add(total.loss, loss),
          terms: mapped(total.terms, (sum, name) => add(sum, terms[name]!)),
          gradients: total.gradients.map((sum, i) => add(sum, found[i]!)),
        }
      : { loss, terms, gradients: found };
  }
  const mean = (sum: Value): Value => (parts === 1 ? sum : mul(sum, 1 / parts));
  const { loss, terms, gradients: sums } = total!;
  return { loss: mean(loss), terms: mapped(terms, mean), gradients: sums.map(mean) };
}

const mapped = (
  values: Readonly<Record<string, Value>>,
  change: (value: Value, name: string) => Value,
): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
