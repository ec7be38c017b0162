/** Archives of any files, stored or deflated. */
import { crc32, deflateRawSync } from "node:zlib";
import { centralHeader, endOfDirectory, localHeader } from "../../../harness/formats/zip-records.ts";

/** @param members by name, or in order, where names may recur */
export function zipFile(
  members: Readonly<Record<string, Uint8Array>> | readonly (readonly [string, Uint8Array])[],
  method: "stored" | "deflated" = "stored",
): Buffer {
  const parts: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Array.isArray(members) ? members : Object.entries(members)) {
    const packed = method === "deflated" ? deflateRawSync(content) : content;
    const member = { name, bytes: content.length, crc32: crc32(content), offset };
    const [local, central] = [localHeader(member), centralHeader(member)];
    for (const [header, at] of [
      [local, 8],
      [central, 10],
    ] as const) {
      header.writeUInt16LE(method === "deflated" ? 8 : 0, at);
      header.writeUInt32LE(packed.length, at + 10);
    }
    parts.push(local, packed);
    directory.push(central);
    offset += local.length + packed.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, endOfDirectory(directory.length, central.length, offset)]);
}
