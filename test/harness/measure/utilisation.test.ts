import { expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { devicesOf, H200, hoursAt, utilisation } from "../../../harness/measure/utilisation.ts";

it("joins FLOPs and hours by the devices' peak", () => {
  const devices = devicesOf("8x H200");
  // 8 · 989e12 · 3600 FLOP in an hour at full use
  expect(utilisation(8 * 989e12 * 3600, 2, devices)).toBeCloseTo(0.5, 12);
  expect(hoursAt(8 * 989e12 * 3600, devices, 0.25)).toBeCloseTo(4, 12);
  expect(hoursAt(1e20, H200, utilisation(1e20, 57, H200))).toBeCloseTo(57, 10);
});

it.each(["8x toString", "8x V100", "271 V100-days", ""])("knows no peak of %j", (hardware) => {
  expect(() => devicesOf(hardware)).toThrow(UserError);
});
