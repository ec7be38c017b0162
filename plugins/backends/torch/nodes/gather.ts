/** One command on several machines: the one that `rendezvous` names leads, the others compute with it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type ListenOptions, type Server } from "node:net";
import { UserError } from "../../../../harness/errors.ts";
import type { Gathered, GatherHost } from "../../../../harness/plugin.ts";
import { WORKER } from "../worker.ts";
import { attend } from "./attend.ts";
import { Leader } from "./lead.ts";
import { type Endpoint, endpointOf, spelled } from "./wire.ts";

interface Gathering {
  readonly nodes: number;
  readonly rendezvous: string;
  readonly python: string;
  /** Its PyTorch's version. */
  readonly torch: string;
}

/** As long as torchrun waits for machines. */
const GATHER_SECONDS = 600;

/** @throws UserError where the machines do not come together */
export async function gather(
  { nodes, rendezvous, python, torch }: Gathering,
  host: GatherHost,
  seconds = GATHER_SECONDS,
): Promise<Gathered> {
  const endpoint = endpointOf(rendezvous)!;
  const likeness = {
    torch,
    worker: createHash("sha256")
      .update(await readFile(WORKER))
      .digest("hex"),
  };
  const server = await serverAt(endpoint);
  if (server === null) {
    const serve = await attend({ endpoint, python, likeness }, seconds, host);
    return { leads: false, serve: serve ?? (async () => {}) };
  }
  const leader = new Leader({ server, endpoint, nodes, likeness }, host.note);
  await leader.gathered(seconds, host.signal);
  return { leads: true, leave: () => leader.leave() };
}

/**
 * Whether the host is this machine, an attempt to listen there tells, at any port. All addresses are listened on: its own name may
 * mean the loopback to it.
 * @returns null where the endpoint is another machine's, or another process of this one has it
 */
async function serverAt({ host, port }: Endpoint): Promise<Server | null> {
  try {
    const own = await listening({ host, port: 0 });
    await new Promise((resolve) => own.close(resolve));
    return await listening({ port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRNOTAVAIL" || code === "EADDRINUSE") return null;
    throw new UserError(
      `--rendezvous: ${spelled({ host, port })} cannot be used: ${message}`,
      "name the machine that leads the run, as all machines know it, and a port from 1024 on",
    );
  }
}

const listening = (at: ListenOptions): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen(at, () => resolve(server));
  });
