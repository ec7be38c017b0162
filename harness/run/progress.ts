/** How a run tells where it stands. Everything goes to stderr; stdout carries the result. */
export interface Progress {
  /** Begins a stage of `total` units ("steps", "images"), or goes on with it after `from`; stages may overlap. */
  stage(name: string, total: number, unit: string, from?: number): StageProgress;
  /** One line of its own. */
  note(line: string): void;
}

export interface StageProgress {
  /** `done` of `total` units are done; `note` stands at the line's end ("loss 0.31"). */
  update(done: number, note?: string): void;
  done(note?: string): void;
  fail(reason: string): void;
  /** The user stopped it; it can go on from here. */
  stop(): void;
}

/** Says nothing: for tests, and for `--quiet`. */
export const silentProgress: Progress = {
  stage: () => ({ update() {}, done() {}, fail() {}, stop() {} }),
  note() {},
};
