/** What a file of tensors holds, by names and shapes. */
import type { Differences, PartRole, Shapes } from "./formats/state-dict.ts";

/** A file of tensors to be recognised by names and shapes alone. */
export interface NamedShapes {
  readonly path: string;
  readonly shapes: Shapes;
  /** A safetensors file's own texts. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A state dict that a plugin knows. */
export interface RecognisedPart extends Differences {
  /** "EPG", "SD-VAE". */
  readonly family: string;
  /** "XL/16, 256 px, 1000 classes"; the dimensions where they are no listed size's. */
  readonly size: string;
  /** null where the file does not tell. */
  readonly role: PartRole | null;
  /** What the names of its tensors begin with in the file. */
  readonly prefix: string;
  readonly parameters: number;
}
