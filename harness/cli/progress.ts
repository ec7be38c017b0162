/** Progress on stderr: live lines on a terminal; without one, or with CI set, a line a stage and every 30 s. */
import { createLogUpdate } from "log-update";
import { plainLines } from "../../reports/text.ts";
import { type Progress, type StageProgress, silentProgress } from "../run/progress.ts";

/** Progress that holds the terminal until it is closed. */
export interface OpenProgress extends Progress {
  close(): void;
}

export function stderrProgress({ quiet }: { quiet: boolean }): OpenProgress {
  if (quiet) return { ...silentProgress, note: noteWarning, close() {} };
  const now = (): number => performance.now();
  const inCi = (process.env.CI ?? "") !== "" && process.env.CI !== "false";
  if (process.stderr.isTTY && !inCi) return liveProgress(process.stderr, now);
  return lineProgress((line) => process.stderr.write(`${line}\n`), now);
}

/** What a reader of the numbers must know is told all the same. */
function noteWarning(line: string): void {
  if (line.startsWith("warning: ")) process.stderr.write(`${plainLines(line)}\n`);
}

const LINE_EVERY_MS = 30_000;
const REDRAW_EVERY_MS = 100;

/** @param now milliseconds on any clock that only goes forward */
export function lineProgress(print: (line: string) => void, now: () => number): OpenProgress {
  const write = (line: string): void => print(plainLines(line));
  return {
    stage(name, total, unit, from = 0) {
      const course = new Course(name, total, unit, now);
      let lastLine = now();
      write(from > 0 ? resumption(name, total, unit, from) : `${name}: ${total} ${unit}`);
      return {
        update(done, note) {
          course.update(done, note);
          if (now() - lastLine < LINE_EVERY_MS) return;
          lastLine = now();
          write(course.line());
        },
        done: (note) => write(course.end(note)),
        fail: (reason) => write(course.failure(reason)),
        stop: () => write(course.stop()),
      };
    },
    note: write,
    close() {},
  };
}

export function liveProgress(stream: NodeJS.WriteStream, now: () => number): OpenProgress {
  const draw = createLogUpdate(stream);
  const running = new Set<Course>();
  let lastDraw = Number.NEGATIVE_INFINITY;
  const redraw = (): void => {
    lastDraw = now();
    draw(plainLines([...running].map((course) => course.line()).join("\n")));
  };
  const above = (line: string): void => {
    draw.clear();
    stream.write(`${plainLines(line)}\n`);
    redraw();
  };
  return {
    stage(name, total, unit, from = 0): StageProgress {
      const course = new Course(name, total, unit, now);
      if (from > 0) above(resumption(name, total, unit, from));
      const end = (line: string): void => {
        running.delete(course);
        above(line);
      };
      running.add(course);
      redraw();
      return {
        update(done, note) {
          course.update(done, note);
          if (now() - lastDraw >= REDRAW_EVERY_MS) redraw();
        },
        done: (note) => end(course.end(note)),
        fail: (reason) => end(course.failure(reason)),
        stop: () => end(course.stop()),
      };
    },
    note: above,
    close() {
      draw.clear();
      draw.done();
    },
  };
}

const resumption = (name: string, total: number, unit: string, from: number): string =>
  `${name}: goes on after ${from} of ${total} ${unit}`;

/** How far a stage has come, and how fast. */
class Course {
  readonly #name: string;
  readonly #total: number;
  readonly #unit: string;
  readonly #now: () => number;
  readonly #began: number;
  /** The rate counts from the first update: what a resumed stage had done, and compiling, take no part. */
  #first: { done: number; at: number } | undefined;
  #last: { done: number; at: number; note: string | undefined } | undefined;

  constructor(name: string, total: number, unit: string, now: () => number) {
    this.#name = name;
    this.#total = total;
    this.#unit = unit;
    this.#now = now;
    this.#began = now();
  }

  update(done: number, note: string | undefined): void {
    const at = this.#now();
    this.#first ??= { done, at };
    this.#last = { done, at, note };
  }

  /** `EPG pre-training: 310/1200 steps, 26.7 steps/s, 33 s left, loss 0.31`. */
  line(): string {
    const { done = 0, note } = this.#last ?? {};
    const rate = this.#rate();
    const speed =
      rate === undefined
        ? []
        : [`${rate.toPrecision(3)} ${this.#unit}/s`, `${duration((this.#total - done) / rate)} left`];
    const state = [`${done}/${this.#total} ${this.#unit}`, ...speed, ...(note === undefined ? [] : [note])];
    return `${this.#name}: ${state.join(", ")}`;
  }

  end(note = this.#last?.note): string {
    const time = duration((this.#now() - this.#began) / 1000);
    return `${this.#name}: done in ${time}${note === undefined ? "" : `, ${note}`}`;
  }

  failure(reason: string): string {
    return `${this.#name}: failed at ${this.#place()}: ${reason}`;
  }

  stop(): string {
    return `${this.#name}: stopped at ${this.#place()}`;
  }

  #place(): string {
    return `${this.#last?.done ?? 0}/${this.#total} ${this.#unit}`;
  }

  /** Units a second. */
  #rate(): number | undefined {
    if (this.#first === undefined || this.#last === undefined) return undefined;
    const seconds = (this.#last.at - this.#first.at) / 1000;
    const done = this.#last.done - this.#first.done;
    return seconds > 0 && done > 0 ? done / seconds : undefined;
  }
}

/** `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
