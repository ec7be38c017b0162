/** PyTorch's checkpoints since 1.6: a ZIP file of a pickle, `data.pkl`, and a member for every storage. */
import { FormatError } from "./format-error.ts";
import { collect } from "./layout.ts";
import { MAX_PICKLE_BYTES, unpickle } from "./pickle.ts";
import { type TensorFile, tensorFile } from "./tensor-file.ts";
import { CHECKPOINT_NAMES, checkpointContent, type StoredBytes } from "./torch-tensors.ts";
import type { ZipArchive, ZipMember } from "./zip-archive.ts";

const PICKLE = "/data.pkl";
/** PyTorch deflates nothing; a stored member cannot take more than its file does. */
const MAX_INFLATED_BYTES = 2 ** 30;
const PIECE_BYTES = 2 ** 20;

export const isTorchZip = ({ members }: ZipArchive): boolean =>
  members.some(({ name }) => name.endsWith(PICKLE) || name.endsWith("/constants.pkl"));

/** @throws FormatError */
export async function torchZipTensors(zip: ZipArchive, path: string): Promise<TensorFile> {
  const members = new Map(zip.members.map((member) => [member.name, member]));
  const root = rootOf(zip, path);
  if (members.has(`${root}/constants.pkl`))
    throw new FormatError(
      path,
      `${root}/constants.pkl`,
      "a TorchScript program, which is never run; save the module's state_dict() instead",
    );
  const pickle = members.get(`${root}${PICKLE}`)!;
  const { value } = unpickle(
    await content(zip, pickle, path),
    CHECKPOINT_NAMES,
    path,
    0,
    (at) => `${pickle.name}, byte ${at}`,
  );
  const storages = new Map<string, StoredBytes>();
  const source = {
    bigEndian: await isBigEndian(zip, members.get(`${root}/byteorder`), path),
    storage(key: string): StoredBytes {
      const member = members.get(`${root}/data/${key}`);
      if (!member)
        throw new FormatError(
          path,
          `${root}/data/${key.slice(0, 80)}`,
          "there is no such storage in the file",
        );
      if (!member.stored && member.bytes > MAX_INFLATED_BYTES)
        throw new FormatError(
          path,
          member.name,
          `it inflates to ${member.bytes} bytes, at most ${MAX_INFLATED_BYTES} are read`,
        );
      const known = storages.get(key) ?? memberBytes(zip, member);
      storages.set(key, known);
      return known;
    },
  };
  const { numpyOnly, ...found } = checkpointContent(value, source, path);
  return tensorFile(numpyOnly ? "torch-zip-numpy" : "torch-zip", zip, found);
}

/** The folder all is in, whatever it is called. */
function rootOf({ members }: ZipArchive, path: string): string {
  const roots = members.map(({ name }) => name).filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (roots.length === 1) return roots[0]!.slice(0, -PICKLE.length);
  throw new FormatError(
    path,
    "data.pkl",
    `${roots.length} folders of the file have one, a checkpoint has one`,
  );
}

async function content(zip: ZipArchive, member: ZipMember, path: string): Promise<Uint8Array> {
  if (member.bytes > MAX_PICKLE_BYTES)
    throw new FormatError(path, member.name, `${member.bytes} bytes, at most ${MAX_PICKLE_BYTES} are read`);
  return collect(zip.content(member), member.bytes);
}

async function isBigEndian(zip: ZipArchive, member: ZipMember | undefined, path: string): Promise<boolean> {
  if (!member) return false;
  const order = Buffer.from(await content(zip, member, path)).toString("latin1", 0, 80);
  if (order === "little" || order === "big") return order === "big";
  throw new FormatError(path, member.name, `the byte order ${JSON.stringify(order)} is not known`);
}

/** A member as a storage. Its CRC-32 is checked in its first full pass; then parts of it are read by themselves. */
function memberBytes(zip: ZipArchive, member: ZipMember): StoredBytes {
  let sound = false;
  async function* whole(start: number, end: number): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const chunk of zip.content(member)) {
      const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
      if (part.length > 0) yield part;
      at += chunk.length;
    }
    sound = true;
  }
  async function* part(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; at += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
      await zip.readStored(member, at, piece);
      yield piece;
    }
  }
  return {
    bytes: member.bytes,
    read: (start, end) => (sound && member.stored ? part(start, end) : whole(start, end)),
  };
}
