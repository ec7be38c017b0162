/** The machine that leads: it runs, the others compute with it. Here it knows who is there, and passes on what concerns them. */

import type { Server, Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../../../harness/errors.ts";
import type { GatherHost } from "../../../../harness/plugin.ts";
import { type Endpoint, hearOthers, type Launch, type Likeness, say, spelled, type ToFirst } from "./wire.ts";

export interface Lead {
  readonly server: Server;
  readonly endpoint: Endpoint;
  /** Of machines, with this one. */
  readonly nodes: number;
  readonly likeness: Likeness;
}

interface Node {
  readonly socket: Socket;
  readonly host: string;
}

export class Leader {
  readonly #lead: Lead;
  readonly #note: GatherHost["note"];
  /** The others, by their number: from 1 on. */
  readonly #others = new Map<number, Node>();
  readonly #connections = new Set<Socket>();
  /** Of the job that trains. */
  #stage: Socket | null = null;
  #changed: () => void = () => {};

  constructor(lead: Lead, note: GatherHost["note"]) {
    this.#lead = lead;
    this.#note = note;
    lead.server.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
      hearOthers(socket, (message) => this.#hear(socket, message));
    });
  }

  /**
   * Waits until all machines are there, or the signal.
   * @throws UserError where some do not come within `seconds`
   */
  async gathered(seconds: number, signal: AbortSignal): Promise<void> {
    const { endpoint, nodes } = this.#lead;
    this.#note(`waits at ${spelled(endpoint)} for ${nodes - 1} more of ${nodes} machines`);
    const late = AbortSignal.timeout(seconds * 1000);
    const end = AbortSignal.any([late, signal]);
    await new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.#others.size === nodes - 1) resolve();
      };
      this.#changed();
      end.addEventListener("abort", () => resolve(), { once: true });
      if (end.aborted) resolve();
    });
    if (this.#others.size === nodes - 1 || signal.aborted) return;
    const lack = this.#lack();
    await this.leave();
    throw new UserError(
      `backend torch: ${lack} at ${spelled(endpoint)} after ${seconds} s`,
      "start the same command on every machine, or say how many there are: --nodes",
    );
  }

  async leave(): Promise<void> {
    const closed = new Promise((resolve) => this.#lead.server.close(resolve));
    for (const { socket } of this.#others.values()) say(socket, { say: "over" });
    for (const socket of this.#connections) socket.destroySoon();
    await closed;
  }

  #lack(): string {
    const hosts = [...this.#others.values()].map(({ host }) => host);
    const here = hosts.length === 0 ? "" : ` (${hosts.join(", ")})`;
    return `${hosts.length + 1} of ${this.#lead.nodes} machines are there${here}`;
  }

  #hear(socket: Socket, message: ToFirst): void {
    if (message.say === "node") this.#welcome(socket, message);
    else if (message.say === "train") this.#train(socket, message.launch);
    else this.#fell(socket, message.how);
  }

  #welcome(socket: Socket, { host, likeness }: Extract<ToFirst, { say: "node" }>): void {
    const { nodes, likeness: own } = this.#lead;
    const free = Array.from({ length: nodes - 1 }, (_, i) => i + 1).find((node) => !this.#others.has(node));
    if (!isDeepStrictEqual(likeness, own)) {
      const [theirs, ours] =
        likeness.torch === own.torch ? ["another", "its own"] : [likeness.torch, own.torch];
      const what = likeness.torch === own.torch ? "version of epg-bench" : "PyTorch";
      say(socket, {
        say: "refused",
        problem: `${host} has ${theirs} ${what}, the machine that leads ${ours}`,
        fix: "install the same versions on every machine",
      });
    } else if (free === undefined) {
      say(socket, {
        say: "refused",
        problem: `all ${nodes} machines of the run are there already`,
        fix: "start the command on as many machines as --nodes says, or take another port for another run",
      });
    } else {
      this.#others.set(free, { socket, host });
      socket.once("close", () => this.#gone(free));
      say(socket, { say: "welcome" });
      this.#note(this.#lack());
      this.#changed();
    }
  }

  #gone(node: number): void {
    const { host } = this.#others.get(node)!;
    this.#others.delete(node);
    if (this.#lead.server.listening) this.#note(`${host} is gone: ${this.#lack()}`);
    if (this.#stage) say(this.#stage, { say: "fell", how: `the machine ${host} is gone` });
  }

  #fell(socket: Socket, how: string): void {
    const node = [...this.#others.values()].find((one) => one.socket === socket);
    if (node && this.#stage) say(this.#stage, { say: "fell", how: `on ${node.host}: ${how}` });
  }

  /** Only a process of this machine may start something on the others. */
  #train(socket: Socket, launch: Launch): void {
    const { nodes, endpoint } = this.#lead;
    if (socket.remoteAddress !== socket.localAddress) {
      socket.destroy();
      return;
    }
    if (this.#others.size < nodes - 1) {
      const problem = `${this.#lack()} at ${spelled(endpoint)}`;
      const fix = "start the command again on those that are not, and go on with this run by --resume";
      say(socket, { say: "refused", problem, fix });
      return;
    }
    this.#stage = socket;
    socket.once("close", () => {
      this.#stage = null;
      for (const { socket } of this.#others.values()) say(socket, { say: "end" });
    });
    for (const [node, { socket }] of this.#others) say(socket, { say: "launch", node, nodes, launch });
    say(socket, { say: "welcome" });
  }
}
