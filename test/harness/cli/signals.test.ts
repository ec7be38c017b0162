import { afterEach, expect, it, vi } from "vitest";
import { onInterrupt } from "../../../harness/cli/signals.ts";

afterEach(() => vi.restoreAllMocks());

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s asks to stop; the second ends at once with %d", (name, code) => {
  const ended = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  const lines: string[] = [];
  const interruption = onInterrupt((line) => lines.push(line));
  expect(interruption.exitCode()).toBeUndefined();

  process.emit(name, name);
  expect(interruption.signal.aborted).toBe(true);
  expect(interruption.exitCode()).toBe(code);
  expect(lines).toEqual([`${name}: stopping at the next safe point (once more to end at once)`]);
  expect(ended).not.toHaveBeenCalled();

  process.emit(name, name);
  expect(ended).toHaveBeenCalledWith(code);
  interruption.release();
});

it("leaves signals alone once released", () => {
  const before = process.listenerCount("SIGINT");
  const interruption = onInterrupt(() => {});
  expect(process.listenerCount("SIGINT")).toBe(before + 1);
  interruption.release();
  expect(process.listenerCount("SIGINT")).toBe(before);
});
