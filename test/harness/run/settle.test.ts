import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import type { Dataset } from "../../../harness/plugin.ts";
import { settled } from "../../../harness/run/settle.ts";
import { config, load } from "../config/config.ts";

const data = (length: number): Dataset => ({ heldOut: { length } }) as Dataset;

describe("settled", () => {
  it("takes as many samples as there are held-out images, and says so", async () => {
    const found = settled(await load(config()), data(40));
    expect(found.config.samples).toBe(40);
    expect(found.warnings).toEqual([
      "samples: 40 instead of the usual 512, since dataset shapes has 40 held-out images",
    ]);
  });

  it("takes the usual number where there are enough", async () => {
    expect(settled(await load(config()), data(1000))).toMatchObject({
      config: { samples: 512 },
      warnings: [],
    });
  });

  it("refuses samples that real images cannot match in number", async () => {
    const asked = await load(config("samples: 41"));
    expect(() => settled(asked, data(40))).toThrow(UserError);
    expect(() => settled(asked, data(40))).toThrow(
      "samples is 41, but dataset shapes has 40 held-out images",
    );
    expect(settled(asked, data(41)).config.samples).toBe(41);
  });

  it("takes any number against the training set", async () => {
    const asked = await load(config('samples: 50_000, scoreAgainst: "train"'));
    expect(settled(asked, data(40)).config.samples).toBe(50_000);
  });
});
