import type { Node, Program } from "../../../harness/program/index.ts";

/**
 * The program in the order in which ONNX Runtime runs nodes: depth first from those that nothing reads, the latest input
 * of a node before the others.
 */
export function depthFirst(program: Program): Program {
  const place = new Map(program.nodes.map((node, i) => [node, i]));
  const read = new Set(program.nodes.flatMap(({ inputs }) => inputs));
  const ordered = new Set<Node>();
  const visit = (node: Node): void => {
    if (ordered.has(node)) return;
    const before = node.inputs.flatMap((input) => input.node ?? []);
    for (const one of before.toSorted((a, b) => place.get(b)! - place.get(a)!)) visit(one);
    ordered.add(node);
  };
  for (const node of program.nodes.toReversed()) if (!node.outputs.some((one) => read.has(one))) visit(node);
  return { ...program, nodes: [...ordered] };
}
