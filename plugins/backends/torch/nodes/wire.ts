/** What the processes of a run on several machines say to each other: a line of JSON each. */
import { connect as dial, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `host:29500`, `[::1]:29500`. @returns null for anything else */
export function endpointOf(text: string): Endpoint | null {
  const [, ipv6, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? { host: ipv6 ?? name!, port } : null;
}

export const spelled = ({ host, port }: Endpoint): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

const launch = z.strictObject({
  /** Where the first machine's torchrun keeps its store. */
  port: z.int().min(1).max(65535),
  /** A machine. */
  processes: z.int().min(1).max(1024),
  /** The worker's. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type Launch = z.infer<typeof launch>;

/** Who must be alike to compute together. */
const likeness = z.strictObject({ torch: z.string(), worker: z.string() });
export type Likeness = z.infer<typeof likeness>;

/** To the machine that leads: of another machine, or of the job on it that trains. */
const toFirst = z.discriminatedUnion("say", [
  z.strictObject({ say: z.literal("node"), host: z.string(), likeness }),
  z.strictObject({ say: z.literal("train"), launch }),
  /** The ranks of that machine ended by themselves. */
  z.strictObject({ say: z.literal("fell"), how: z.string() }),
]);
export type ToFirst = z.infer<typeof toFirst>;

const fromFirst = z.discriminatedUnion("say", [
  z.strictObject({ say: z.literal("welcome") }),
  z.strictObject({ say: z.literal("refused"), problem: z.string(), fix: z.string() }),
  z.strictObject({ say: z.literal("launch"), node: z.int().min(1), nodes: z.int().min(2), launch }),
  /** The ranks are to end. */
  z.strictObject({ say: z.literal("end") }),
  /** The run has ended. */
  z.strictObject({ say: z.literal("over") }),
  z.strictObject({ say: z.literal("fell"), how: z.string() }),
]);
export type FromFirst = z.infer<typeof fromFirst>;

/** A machine that loses its power is missed after this long. */
const KEEP_ALIVE_MS = 15_000;

function hear<Message>(socket: Socket, schema: z.ZodType<Message>, heard: (message: Message) => void): void {
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  // Told by "close", which follows.
  socket.on("error", () => {});
  createInterface({ input: socket })
    .on("line", (line) => {
      const message = schema.safeParse(parsed(line));
      if (message.success) heard(message.data);
      else socket.destroy();
    })
    .on("error", () => {});
}

export const hearOthers = (socket: Socket, heard: (message: ToFirst) => void): void =>
  hear(socket, toFirst, heard);
export const hearFirst = (socket: Socket, heard: (message: FromFirst) => void): void =>
  hear(socket, fromFirst, heard);

export const say = (socket: Socket, message: ToFirst | FromFirst): void => {
  socket.write(`${JSON.stringify(message)}\n`);
};

/** A machine that is up answers within milliseconds. */
const CONNECT_MS = 5000;

/** @throws Error with the system's code where nobody listens there */
export const connected = (endpoint: Endpoint): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = dial({ ...endpoint, timeout: CONNECT_MS });
    socket
      .once("timeout", () => socket.destroy(new Error("it does not answer")))
      .once("error", reject)
      .once("connect", () => resolve(socket.setTimeout(0)));
  });

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
