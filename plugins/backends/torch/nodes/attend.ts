/** A machine that does not lead: it computes ranks whenever the one that leads trains, until the run is over. */

import type { Socket } from "node:net";
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { EXIT, UserError } from "../../../../harness/errors.ts";
import type { GatherHost } from "../../../../harness/plugin.ts";
import { printedBy, startProcess } from "../../worker/start.ts";
import { WORKER } from "../worker.ts";
import { failedRank, torchrun } from "./torchrun.ts";
import { connected, type Endpoint, type FromFirst, hearFirst, type Likeness, say, spelled } from "./wire.ts";

export interface Attendance {
  readonly endpoint: Endpoint;
  readonly python: string;
  readonly likeness: Likeness;
}

/** Whoever leads a run greets at once. */
const WELCOME_SECONDS = 10;

/**
 * Joins the run at the endpoint; null where the signal came first.
 * @returns serves until the run is over
 * @throws UserError where nobody leads a run there within `seconds`, or it does not take this machine
 */
export async function attend(
  attendance: Attendance,
  seconds: number,
  { note, signal }: GatherHost,
): Promise<(() => Promise<void>) | null> {
  const { endpoint, likeness } = attendance;
  note(`looks for the run at ${spelled(endpoint)}`);
  const socket = await reached(endpoint, seconds, signal);
  if (socket === null) return null;
  const others = new Conversation(socket);
  say(socket, { say: "node", host: hostname(), likeness });
  const answer = await Promise.race([
    others.next(),
    setTimeout(WELCOME_SECONDS * 1000, null, { ref: false }),
  ]);
  if (answer?.say !== "welcome") socket.destroy();
  if (answer?.say === "refused")
    throw new UserError(`backend torch: ${spelled(endpoint)}: ${answer.problem}`, answer.fix);
  if (answer?.say !== "welcome")
    throw new UserError(
      `backend torch: what listens at ${spelled(endpoint)} leads no run of epg-bench: the port is taken`,
      "name another port with --rendezvous, on every machine",
    );
  note(`has joined the run at ${spelled(endpoint)}: computes for it`);
  return () => serve(attendance, socket, others, signal);
}

async function serve(
  { endpoint, python }: Attendance,
  socket: Socket,
  others: Conversation,
  signal: AbortSignal,
): Promise<void> {
  let ranks: Ranks | null = null;
  // Where something trains, the machine that leads decides when that is at a safe point: it has the signal too, as a rule.
  const leave = (): void => {
    if (ranks === null) socket.destroy();
  };
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    for (;;) {
      const message = await others.next();
      if (message === null || message.say === "over") {
        if (message || signal.aborted) return;
        throw new UserError(
          `backend torch: the machine that led the run at ${spelled(endpoint)} is gone`,
          "go on with it there by --resume, and start this command again",
          EXIT.incomplete,
        );
      }
      if (message.say === "launch")
        ranks = new Ranks(python, endpoint.host, message, (how) => say(socket, { say: "fell", how }));
      if (message.say === "end") {
        await ranks?.end();
        ranks = null;
        if (signal.aborted) return;
      }
    }
  } finally {
    signal.removeEventListener("abort", leave);
    await ranks?.end();
    socket.destroy();
  }
}

/** What is heard in order. */
class Conversation {
  readonly #heard: (FromFirst | null)[] = [];
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    hearFirst(socket, (message) => this.#add(message));
    socket.once("close", () => this.#add(null));
  }

  /** The next message; null, and ever after, once the connection is closed. */
  async next(): Promise<FromFirst | null> {
    while (this.#heard.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#heard[0] === null ? null : this.#heard.shift()!;
  }

  #add(message: FromFirst | null): void {
    this.#heard.push(message);
    this.#wake();
  }
}

/** Those of this machine while something trains. */
class Ranks {
  readonly #child;
  #ended = false;

  constructor(
    python: string,
    host: string,
    { node, nodes, launch }: Extract<FromFirst, { say: "launch" }>,
    fell: (how: string) => void,
  ) {
    const { port, processes, settings } = launch;
    this.#child = startProcess({
      python,
      script: WORKER,
      settings,
      before: torchrun(processes, { node, nodes, store: { host, port } }),
      environment: { OMP_NUM_THREADS: String(settings.threads) },
    });
    const printed = printedBy(this.#child);
    this.#child.stdout.resume();
    this.#child.then(({ exitCode, signal }) => {
      const how = signal ? `torchrun was killed by ${signal}` : `torchrun ended with exit code ${exitCode}`;
      if (!this.#ended) fell(failedRank(printed()) ?? `${how}: ${printed().trim().split("\n").at(-1)}`);
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    // What it launched ends with it.
    this.#child.kill("SIGKILL");
    await this.#child;
  }
}

/** Tries until somebody listens; null where the signal came first. */
async function reached(endpoint: Endpoint, seconds: number, signal: AbortSignal): Promise<Socket | null> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await connected(endpoint);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (signal.aborted) return null;
      if (performance.now() > end)
        throw new UserError(
          `backend torch: nobody leads a run at ${spelled(endpoint)} after ${seconds} s (${code ?? message})`,
          "start the same command on the machine that --rendezvous names, by an address the others reach it under",
        );
      await setTimeout(1000, undefined, { signal }).catch(() => {});
    }
  }
}
