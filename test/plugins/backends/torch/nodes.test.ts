/** How machines of one run find each other, and what they hear; none of this needs PyTorch. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import type { Gathered } from "../../../../harness/plugin.ts";
import { call, freePort } from "../../../../plugins/backends/torch/nodes/call.ts";
import { gather } from "../../../../plugins/backends/torch/nodes/gather.ts";
import { failedRank, torchrun } from "../../../../plugins/backends/torch/nodes/torchrun.ts";
import {
  connected,
  endpointOf,
  type FromFirst,
  hearFirst,
  say,
  type ToFirst,
} from "../../../../plugins/backends/torch/nodes/wire.ts";
import { WORKER } from "../../../../plugins/backends/torch/worker.ts";
import { actor, refusal } from "../worker/actor.ts";

const LAUNCH = { port: 29999, processes: 1, settings: { device: "cpu", threads: 1, compile: false } };

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const started = (port: number, { torch = "2.9.0", python = "python3", seconds = 20, nodes = 2 } = {}) => {
  const notes: string[] = [];
  const stop = new AbortController();
  const host = { note: (line: string) => void notes.push(line), signal: stop.signal };
  const gathering = gather({ nodes, rendezvous: `localhost:${port}`, python, torch }, host, seconds);
  return { gathering, notes, stop };
};

/** A machine that leads, and another that has joined it. */
async function together(python?: string) {
  const port = await freePort();
  const first = started(port);
  await expect.poll(() => first.notes).toEqual([`waits at localhost:${port} for 1 more of 2 machines`]);
  const second = started(port, { ...(python && { python }) });
  const [leading, other] = await Promise.all([first.gathering, second.gathering]);
  const leads = leading as Gathered & { leads: true };
  const attends = other as Gathered & { leads: false };
  open.push(() => leads.leave());
  return { port, notes: first.notes, stop: second.stop, leads, attends };
}

it("reads where machines meet", () => {
  expect(endpointOf("node1.cluster:29500")).toEqual({ host: "node1.cluster", port: 29500 });
  expect(endpointOf("[fe80::1]:1")).toEqual({ host: "fe80::1", port: 1 });
  for (const wrong of ["node1", "node1:", ":1", "node1:0", "node1:65536", "::1:29500", "a b:1", "http://a:1"])
    expect(endpointOf(wrong), wrong).toBeNull();
});

it("leads where the endpoint is free, and serves until that run is over", async () => {
  const { leads, attends, notes } = await together();
  expect([leads.leads, attends.leads]).toEqual([true, false]);
  expect(notes.at(-1)).toMatch(/^2 of 2 machines are there \(.+\)$/);
  const serving = attends.serve();
  await leads.leave();
  await serving;
});

it("says which machines did not come", async () => {
  const port = await freePort();
  await expect(refusal(started(port, { seconds: 0.2 }).gathering)).resolves.toMatch(
    `backend torch: 1 of 2 machines are there at localhost:${port} after 0.2 s\nstart the same command on every`,
  );
});

it("finds the port taken by another program", async () => {
  const taken = createServer((socket) => socket.end("SSH-2.0\n").on("error", () => {}));
  open.push(() => taken.close());
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  const { port } = taken.address() as { port: number };
  expect(await refusal(started(port).gathering)).toMatch(
    /leads no run of epg-bench: the port is taken\nname/,
  );
});

it("finds nobody on a machine that is not this one", async () => {
  const host = { note: () => {}, signal: new AbortController().signal };
  // An address for documentation, RFC 5737.
  const gathering = { nodes: 2, rendezvous: "192.0.2.1:29500", python: "python3", torch: "2.9.0" };
  expect(await refusal(gather(gathering, host, 0.1))).toMatch(
    /nobody leads a run at 192\.0\.2\.1:29500 after 0\.1 s \(.+\)\nstart the same command/,
  );
});

it("takes no machine of another PyTorch, and none beyond those that are asked for", async () => {
  const { port } = await together();
  expect(await refusal(started(port, { torch: "2.4.0" }).gathering)).toMatch(
    /has 2\.4\.0 PyTorch, the machine that leads 2\.9\.0\ninstall the same/,
  );
  expect(await refusal(started(port).gathering)).toMatch(/all 2 machines of the run are there already/);
});

it("says where the machine that leads is gone", async () => {
  const taken = createServer((socket) => {
    socket.once("data", () => {
      socket.write('{"say":"welcome"}\n');
      void setTimeout(100).then(() => socket.destroy());
    });
  });
  open.push(() => taken.close());
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  const { port } = taken.address() as { port: number };
  const other = (await started(port).gathering) as Gathered & { leads: false };
  await expect(other.serve()).rejects.toMatchObject({
    exitCode: 24,
    message: expect.stringMatching(/is gone/),
  });
});

it("leaves at a signal, while it waits and while it serves", async () => {
  const port = await freePort();
  const waiting = started(port);
  await expect.poll(() => waiting.notes.length).toBe(1);
  waiting.stop.abort();
  await ((await waiting.gathering) as Gathered & { leads: true }).leave();
  const { attends, stop } = await together();
  const serving = attends.serve();
  stop.abort();
  await serving;
});

/** A machine that is acted here. */
async function acted(
  port: number,
): Promise<{ socket: Socket; heard: FromFirst[]; tell(message: ToFirst): void }> {
  const socket = await connected({ host: "localhost", port });
  open.push(() => socket.destroy());
  const heard: FromFirst[] = [];
  hearFirst(socket, (message) => heard.push(message));
  return { socket, heard, tell: (message) => say(socket, message) };
}

it("has the others compute while something trains, and hears how that ends", async () => {
  const { port, stop, attends, notes } = await together(
    actor(`console.error("no such device"); process.exit(3);`).python,
  );
  const endpoint = { host: "localhost", port };
  const serving = attends.serve();
  const called = await call(endpoint, LAUNCH);
  expect(await called.fell).toMatch(/^on .+: torchrun ended with exit code 3: no such device$/);
  called.release();
  stop.abort();
  await serving;
  await expect.poll(() => notes.at(-1)).toMatch(/is gone: 1 of 2 machines are there$/);
  await expect(call(endpoint, LAUNCH)).rejects.toThrow(/^torch: 1 of 2 machines are there at localhost/);

  const other = await acted(port);
  const likeness = {
    torch: "2.9.0",
    worker: createHash("sha256").update(readFileSync(WORKER)).digest("hex"),
  };
  other.tell({ say: "node", host: "elsewhere", likeness });
  await expect.poll(() => other.heard).toEqual([{ say: "welcome" }]);
  const again = await call(endpoint, LAUNCH);
  await expect.poll(() => other.heard[1]).toEqual({ say: "launch", node: 1, nodes: 2, launch: LAUNCH });
  again.release();
  await expect.poll(() => other.heard[2]).toEqual({ say: "end" });
  const last = await call(endpoint, LAUNCH);
  other.socket.destroy();
  expect(await last.fell).toBe("the machine elsewhere is gone");
});

it("starts torchrun by itself, or as one of several", () => {
  expect(torchrun(4, null)).toEqual(["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=4"]);
  const store = { host: "::1", port: 5 };
  expect(torchrun(4, { node: 1, nodes: 3, store })).toContain("--rdzv-endpoint=[::1]:5");
});

it("finds the process that ended first", () => {
  const report =
    "rank 3: out of range\nRoot Cause (first observed failure):\n  rank      : 3 (local_rank: 1)\n";
  expect(failedRank(`${report}  exitcode  : 1 (pid: 7)`)).toBe(
    "process 3 of its ranks ended with exit code 1: out of range",
  );
  expect(failedRank(`${report}  exitcode  : -9 (pid: 7)`)).toMatch(/killed by signal 9/);
  expect(failedRank("Killed")).toBeNull();
});
