/** Archives of any files, stored. */
import { crc32 } from "node:zlib";
import { centralHeader, endOfDirectory, localHeader } from "../../../harness/formats/zip-records.ts";

export function zipFile(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(members)) {
    const member = { name, bytes: content.length, crc32: crc32(content), offset };
    parts.push(localHeader(member), content);
    directory.push(centralHeader(member));
    offset = parts.reduce((sum, part) => sum + part.length, 0);
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, endOfDirectory(directory.length, central.length, offset)]);
}
