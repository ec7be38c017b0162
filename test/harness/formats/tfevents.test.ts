import { describe, expect, it } from "vitest";
import { crc32c, encodeEvents } from "../../../harness/formats/tfevents.ts";

describe("CRC-32C", () => {
  // RFC 3720, B.4
  it.each([
    ["32 bytes of zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 rising bytes", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 falling bytes", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ])("of %s is the standard's", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

describe("an event file", () => {
  it("has the bytes that TensorBoard 2.21's own writer gives", () => {
    const events = [{ step: 7, wallTime: 1.5, scalars: { loss: 0.25, learningRate: 0.003 } }];
    const expected =
      "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c2f000000000000006d5d1d5009" +
      "000000000000f83f10072a220a0b0a046c6f7373150000803e0a130a0c6c6561726e696e675261746515a69b443be7f0832a";
    expect(Buffer.from(encodeEvents(events)).toString("hex")).toBe(expected);
  });
});
