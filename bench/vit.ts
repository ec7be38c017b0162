/** The 6-block pre-norm ViT whose training step is timed against PyTorch (bench/peers/vit_step.py has the same maths). */
import {
  adamw,
  add,
  attention,
  gelu,
  layerNorm,
  linear,
  mean,
  normal,
  ones,
  type Program,
  reshape,
  split,
  square,
  sub,
  type Tracer,
  trace,
  transpose,
  type Value,
  zeros,
} from "../harness/program/index.ts";

export interface VitShape {
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  readonly batch: number;
  readonly tokens: number;
}

const dense = (p: Tracer, name: string, x: Value, to: number, bias: boolean): Value => {
  const from = x.shape.at(-1)!;
  const weight = p.parameter(`${name}.weight`, [to, from], normal(0.02));
  return linear(x, weight, bias ? p.parameter(`${name}.bias`, [to], zeros) : undefined);
};

const norm = (p: Tracer, name: string, x: Value): Value => {
  const width = x.shape.at(-1)!;
  return layerNorm(
    x,
    p.parameter(`${name}.weight`, [width], ones),
    p.parameter(`${name}.bias`, [width], zeros),
  );
};

function block(p: Tracer, x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape as readonly [number, number, number];
  const qkv = reshape(dense(p, "qkv", norm(p, "norm1", x), 3 * width, false), [
    batch,
    tokens,
    3,
    heads,
    width / heads,
  ]);
  const [q, k, v] = split(transpose(qkv, [2, 0, 3, 1, 4]), 0, 3).map((part) =>
    reshape(part, [batch, heads, tokens, width / heads]),
  ) as [Value, Value, Value];
  const attended = reshape(transpose(attention(q, k, v), [0, 2, 1, 3]), [batch, tokens, width]);
  const y = add(x, dense(p, "proj", attended, width, true));
  return add(y, dense(p, "fc2", gelu(dense(p, "fc1", norm(p, "norm2", y), 4 * width, true)), width, true));
}

/** Forward, mean-squared error against `target`, backward and AdamW. */
export const vitStep = ({ width, blocks, heads, batch, tokens }: VitShape): Program =>
  trace(`vit-${width}`, (p) => {
    let x = p.input("x", [batch, tokens, width]);
    const target = p.input("target", [batch, tokens, width]);
    for (let i = 0; i < blocks; i++) x = block(p.scope(`blocks.${i}.`), x, heads);
    const loss = mean(square(sub(x, target)));
    p.output("loss", loss);
    adamw(p, loss, { beta1: 0.9, beta2: 0.999, weightDecay: 0.01 });
  });
