/** Batches ahead of the steps that take them: made in this process where that is soon done, else by threads. */
import { setImmediate as turn } from "node:timers/promises";
import type { Tensors } from "../program/index.ts";

export type MakeBatch = (step: number) => Promise<Tensors>;

/** What makes batches beside this process's own work. */
export interface Makers {
  /** Once it can make one, or has failed to come so far: `make` tells. */
  readonly opened: Promise<unknown>;
  readonly make: MakeBatch;
  /** So many at a time. */
  readonly most: number;
  close(): Promise<void>;
}

/**
 * What batches may take of this process over a whole stage; a thread takes half a second to open, and 50 MB. While one is made
 * here nobody sees a step end: so much of a stage may be waits that are not counted as such.
 */
const HERE_SECONDS = 5;

export interface Feeding {
  /** In this process. */
  readonly make: MakeBatch;
  /** In others, batches of so many bytes; null where there are none. */
  readonly openMakers: ((batchBytes: number) => Makers) | null;
  /** The step whose batch is the first. */
  readonly first: number;
  /** The step after the last one. */
  readonly steps: number;
}

/** The batches of a stage, in their order. */
export class Feed {
  readonly #feeding: Feeding;
  #makers: Makers | null = null;
  #make: MakeBatch = (step) => this.#makeHere(step);
  /** Begun, and not yet taken. */
  readonly #begun: Promise<Tensors>[] = [];
  /** How many of them there are to be. */
  #ahead = 1;
  #step: number;

  constructor(feeding: Feeding) {
    this.#feeding = feeding;
    this.#step = feeding.first;
  }

  /** The next step's. @throws what its making threw */
  async next(): Promise<Tensors> {
    this.#begin();
    const batch = await this.#begun.shift()!;
    this.#begin();
    return batch;
  }

  /** A step had to wait: twice as many at a time from now on. */
  hurry(): void {
    this.#ahead = Math.min(2 * this.#ahead, this.#makers?.most ?? 1);
  }

  async close(): Promise<void> {
    await this.#makers?.close();
  }

  #begin(): void {
    while (this.#begun.length < this.#ahead && this.#step < this.#feeding.steps) {
      const batch = this.#make(this.#step++);
      // Told once it is taken.
      batch.catch(() => {});
      this.#begun.push(batch);
    }
  }

  async #makeHere(step: number): Promise<Tensors> {
    // First the step before it is begun.
    await turn();
    const began = performance.now();
    const batch = await this.#feeding.make(step);
    const seconds = (performance.now() - began) / 1000;
    if (seconds * (this.#feeding.steps - step) > HERE_SECONDS) this.#openMakers(batch);
    return batch;
  }

  /** Until they are open, batches are made here. */
  #openMakers(batch: Tensors): void {
    if (this.#makers || !this.#feeding.openMakers) return;
    const makers = this.#feeding.openMakers(bytesOf(batch));
    this.#makers = makers;
    makers.opened.finally(() => {
      this.#make = makers.make;
    });
  }
}

const bytesOf = (batch: Tensors): number =>
  Object.values(batch).reduce((sum, { data }) => sum + data.byteLength, 0);
