import { describe, expect, it } from "vitest";
import { createStream } from "../../../harness/random/index.ts";
import { type Course, followed } from "../../../harness/run/divergence.ts";

/** Follows a loss over `steps` steps; gives the course, or throws as training would. */
function follow(
  loss: (step: number) => number,
  steps = 1000,
  from: Course | null = null,
  first = 1,
): Course | null {
  let course = from;
  for (let step = first; step <= steps; step++)
    course = followed(course, { step, loss: loss(step), gradientNorm: 1, learningRate: 0.003 }, steps);
  return course;
}

describe("training is ended", () => {
  it.each([
    ["the loss", Number.NaN, 1, "the loss is NaN at step 3 of 6 (learning rate 0.00300)"],
    ["the gradient norm", 1, Number.POSITIVE_INFINITY, "the gradient norm is Infinity at step 3 of 6"],
  ])("at once where %s is no number", (_, loss, gradientNorm, message) => {
    const taken = { step: 3, loss, gradientNorm, learningRate: 0.003 };
    expect(() => followed(null, taken, 6)).toThrow(message);
    expect(() => followed(null, taken, 6)).toThrow("set a lower learning rate, or clip the gradient");
  });

  it("50 steps after the smoothed loss passes ten times its lowest", () => {
    // 0.5 to step 100, then 500: 0.95ᵏ < 1 − ln 10/ln 1000 = 2/3 … from k = 8 on
    const loss = (step: number): number => (step <= 100 ? 0.5 : 500);
    expect(() => follow(loss, 156)).not.toThrow();
    expect(() => follow(loss, 1000)).toThrow(
      "the loss is 500 at step 157 of 1000 (learning rate 0.00300), for 50 steps more than 10 times its lowest (0.500 at step 5, smoothed)",
    );
  });
});

it("is ended too where the loss runs away within the first twenty steps", () => {
  // the default's EPG at a learning rate of 1: 50, then a million from the tenth step on
  const loss = (step: number): number => (step < 10 ? 50 : 1e6);
  expect(() => follow(loss)).toThrow(/at step 6\d of 1000 .* its lowest \(50\.0 at step [5-9]/);
});

describe("training goes on", () => {
  const random = createStream(0, "losses");
  it.each([
    [
      "falls, with noise of a factor of three",
      (step: number) => (1 / step) * 3 ** (2 * random.stream(step).uniform() - 1),
    ],
    ["jumps to nine times its lowest", (step: number) => (step < 500 ? 1 : 9)],
    ["begins with a batch that is easy by chance", (step: number) => (step === 1 ? 1e-3 : 1)],
    ["has a bad batch now and then", (step: number) => (step % 100 === 0 ? 1e6 : 1)],
    ["is zero or less", (step: number) => -step],
  ])("where the loss %s", (_, loss) => {
    expect(() => follow(loss)).not.toThrow();
  });
});

it("is the same after a checkpoint", () => {
  const loss = (step: number): number => 1 / step;
  const kept = JSON.parse(JSON.stringify(follow(loss, 400))) as Course;
  expect(follow(loss, 1000, kept, 401)).toEqual(follow(loss, 1000));
});
