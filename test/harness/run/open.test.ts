import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { namingEntry } from "../../../harness/run/open.ts";

const refused = (message: string) =>
  namingEntry("my EPG", async () => {
    throw new UserError(message, "mend it");
  });

describe("a model's refusal", () => {
  it.each([
    ["weights: a.pt is of another size", 'entries["my EPG"].options.weights: a.pt is of another size'],
    ["guidance.scale is 2, but", 'entries["my EPG"].options.guidance.scale is 2, but'],
    ["resolution 30 is odd", 'entries["my EPG"]: resolution 30 is odd'],
    ["there are no images at /x: none", 'entries["my EPG"]: there are no images at /x: none'],
  ])("of %s says where in the config that stands", async (message, told) => {
    await expect(refused(message)).rejects.toThrow(new UserError(told, "mend it"));
  });

  it("is no refusal where it is a fault", async () => {
    const fault = new TypeError("weights: none");
    await expect(namingEntry("x", () => Promise.reject(fault))).rejects.toBe(fault);
  });
});
