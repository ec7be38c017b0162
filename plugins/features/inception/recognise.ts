/** Whether a file of tensors holds Inception-v3, by names and shapes alone. */
import { differences, numbersIn, partsWith } from "../../../harness/formats/state-dict.ts";
import type { NamedShapes, RecognisedPart } from "../../../harness/plugin.ts";
import { expectedStateDict } from "./state-dict.ts";

/** torchvision's Inception-v3 has the same names but for 1,000 classes and an auxiliary head: its differences tell. */
export function recognise({ shapes: all }: NamedShapes): readonly RecognisedPart[] {
  const expected = new Map(expectedStateDict().map(({ stored, shape }) => [stored, shape]));
  return partsWith("Conv2d_1a_3x3.conv.weight", all).map(({ prefix, shapes }) => ({
    family: "Inception-v3",
    size: '"2015-12-05", 1008 classes, PyTorch\'s names',
    role: null,
    prefix,
    parameters: numbersIn(shapes),
    ...differences(expected, shapes),
  }));
}
