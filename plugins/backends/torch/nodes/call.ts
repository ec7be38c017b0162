/** The job that trains asks the machines of its run to compute with it. */
import { createServer } from "node:net";
import { EntryError } from "../../../../harness/errors.ts";
import { connected, type Endpoint, hearFirst, type Launch, say, spelled } from "./wire.ts";

export interface Called {
  /** Resolves with the reason where ranks elsewhere end while they are needed. */
  readonly fell: Promise<string>;
  /** They are no longer needed. */
  release(): void;
}

/** @throws EntryError where not all machines are there */
export async function call({ port, host }: Endpoint, launch: Launch): Promise<Called> {
  // By the address whose other end is this machine too.
  const socket = await connected({ host: "localhost", port }).catch(() => {
    throw new EntryError(`torch: the run that gathered machines at ${spelled({ host, port })} is gone`);
  });
  let fallen: (how: string) => void = () => {};
  const fell = new Promise<string>((resolve) => {
    fallen = resolve;
  });
  await new Promise<void>((resolve, reject) => {
    hearFirst(socket, (message) => {
      if (message.say === "welcome") resolve();
      if (message.say === "refused") reject(new EntryError(`torch: ${message.problem}; ${message.fix}`));
      if (message.say === "fell") fallen(message.how);
    });
    socket.once("close", () => {
      const where = spelled({ host, port });
      reject(new EntryError(`torch: the machines at ${where} did not answer`));
      fallen(`the run that gathered machines at ${where} is gone`);
    });
    say(socket, { say: "train", launch });
  });
  // What waits for an answer of the ranks keeps this process alive, not this.
  socket.unref();
  return { fell, release: () => socket.destroy() };
}

/** One that nobody listens on now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
