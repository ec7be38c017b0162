import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { type Download, download } from "../../../harness/references/download.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { file, listening, serve } from "./server.ts";

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

const stages: string[] = [];
const context = {
  stage(name: string, total: number, unit: string) {
    stages.push(`${name}: ${total} ${unit}`);
    return { update() {}, done: () => stages.push("done"), fail: (why: string) => stages.push(why) };
  },
  wait: async () => {},
};

function wanted(url: string, change: Partial<Download> = {}): Download {
  const to = join(temporaryFolder(), "cache", "file.bin");
  return { urls: [url], to, sha256: SHA256, bytes: CONTENT.length, ...change };
}

/** Whether so much of the file has come. */
const taken = (target: () => Download) => (bytes: number) =>
  (statSync(`${target().to}.part`, { throwIfNoEntry: false })?.size ?? 0) >= bytes;

const filesBeside = ({ to }: Download): string[] => readdirSync(join(to, "..")).sort();

afterEach(() => {
  stages.length = 0;
  vi.unstubAllEnvs();
});

describe("download", () => {
  it("fetches a file, tells how far it is, and leaves nothing else", async () => {
    const { url, requests } = await serve(file(CONTENT));
    const target = wanted(`${url}/file.bin`);
    expect(await download(target, context)).toBe(SHA256);
    expect(readFileSync(target.to).equals(CONTENT)).toBe(true);
    expect(filesBeside(target)).toEqual(["file.bin"]);
    expect(requests).toEqual([{ path: "/file.bin", range: undefined }]);
    expect(stages).toEqual([`fetching ${url}/file.bin: 1 MB`, "done"]);
  });

  it("goes on where a connection broke, however often, as long as something comes", async () => {
    const cuts = Array(12).fill(20_000);
    const { url, requests } = await serve(file(CONTENT, { cuts, taken: taken(() => target) }));
    const target = wanted(url);
    await download(target, context);
    expect(readFileSync(target.to).equals(CONTENT)).toBe(true);
    expect(requests).toHaveLength(13);
    const starts = requests.map(({ range }) => Number(/\d+/.exec(range ?? "0")![0]));
    expect(starts).toEqual(Array.from({ length: 13 }, (_, i) => 20_000 * i));
  });

  it("goes on with what an earlier call left, and asks for nothing where that is all", async () => {
    const cuts = [100_000, 0, 0, 0, 0];
    const target = wanted((await serve(file(CONTENT, { cuts, taken: taken(() => target) }))).url);
    await expect(download(target, context)).rejects.toThrow(/cannot fetch .*MB that came are kept/);
    expect(filesBeside(target)).toEqual(["file.bin.part", "file.bin.part.json"]);
    const again = await serve(file(CONTENT));
    const state = JSON.parse(readFileSync(`${target.to}.part.json`, "utf8"));
    writeFileSync(`${target.to}.part.json`, JSON.stringify({ ...state, url: again.url }));
    await download({ ...target, urls: [again.url] }, context);
    expect(again.requests.map(({ range }) => range)).toEqual(["bytes=100000-"]);

    writeFileSync(`${target.to}.part`, CONTENT);
    writeFileSync(`${target.to}.part.json`, JSON.stringify({ ...state, url: again.url }));
    expect(await download({ ...target, urls: [again.url] }, context)).toBe(SHA256);
  });

  it.each([
    ["the file has changed", { etag: '"two"' }],
    ["the server gives no ranges", { ranges: false }],
  ])("starts over where %s", async (_name, options) => {
    const { url } = await serve(file(CONTENT, options));
    const target = wanted(url);
    mkdirSync(join(target.to, ".."), { recursive: true });
    writeFileSync(`${target.to}.part`, Buffer.alloc(1000, 7));
    writeFileSync(`${target.to}.part.json`, JSON.stringify({ url, validator: '"one"' }));
    await download(target, context);
    expect(readFileSync(target.to).equals(CONTENT)).toBe(true);
  });

  it("starts over where a cut file has a weak ETag alone", async () => {
    const { url, requests } = await serve(file(CONTENT, { etag: 'W/"weak"', cuts: [50_000] }));
    const target = wanted(url);
    await download(target, context);
    expect(requests.map(({ range }) => range)).toEqual([undefined, undefined]);
    expect(readFileSync(target.to).equals(CONTENT)).toBe(true);
  });

  it("follows redirects", async () => {
    const { url } = await serve(file(CONTENT));
    const { url: door } = await serve((_request, response) =>
      response.writeHead(302, { location: `${url}/real.bin` }).end(),
    );
    const target = wanted(door);
    expect(await download(target, context)).toBe(SHA256);
  });

  it("tries again where a server is busy, and the next address where a file is gone", async () => {
    let busy = 2;
    const whole = file(CONTENT);
    const { url } = await serve((request, response) => {
      if (busy-- > 0) response.writeHead(503).end();
      else whole(request, response);
    });
    const gone = await serve((_request, response) => response.writeHead(404, "Not Found").end());
    expect(await download(wanted("", { urls: [gone.url, url] }), context)).toBe(SHA256);
    expect(gone.requests).toHaveLength(1);
  });

  it("throws away what has another checksum, and says which", async () => {
    const damaged = Buffer.from(CONTENT);
    damaged[5]! ^= 1;
    const target = wanted((await serve(file(damaged))).url);
    const found = createHash("sha256").update(damaged).digest("hex");
    await expect(download(target, context)).rejects.toThrow(
      new RegExp(`sha256 ${found}, and the file that is wanted ${SHA256}`),
    );
    expect(filesBeside(target)).toEqual([]);
  });

  it("throws away what a check refuses", async () => {
    const target = wanted((await serve(file(CONTENT))).url, { sha256: null });
    const check = () => Promise.reject(new UserError("no statistics"));
    await expect(download(target, { ...context, check })).rejects.toThrow(
      /what http:.* gave is not what it should be \(no statistics\); it was thrown away/,
    );
    expect(filesBeside(target)).toEqual([]);
  });

  it("refuses an answer of another length before it is read", async () => {
    const target = wanted((await serve(file(Buffer.from("<html>Log in</html>")))).url);
    await expect(download(target, context)).rejects.toThrow(
      /cannot fetch .*: it has 19 bytes, .* wanted has 300000/,
    );
    expect(existsSync(target.to)).toBe(false);
  });

  it("names the address, the sha256 and the place where a file cannot be had", async () => {
    const { url, requests } = await serve((_request, response) => response.writeHead(404).end());
    const target = wanted(`${url}/gone.npz`);
    const failure = await download(target, context).catch((error) => error);
    expect(failure.message).toContain(`cannot fetch ${url}/gone.npz: the server answers 404`);
    expect(failure.fix).toContain(`sha256 ${SHA256}`);
    expect(failure.fix).toContain(`put it at ${target.to}`);
    expect(failure.exitCode).toBe(2);
    expect(requests).toHaveLength(1);
  });

  it("says so where nobody answers", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const target = wanted(`http://127.0.0.1:${port}/file.bin`);
    await expect(download(target, context)).rejects.toThrow(/cannot fetch .*ECONNREFUSED/);
  });

  it("takes a connection that says nothing for lost, and goes on", async () => {
    let answered = 0;
    const whole = file(CONTENT);
    const { url, requests } = await serve((request, response) => {
      if (answered++ > 0) return whole(request, response);
      response.writeHead(200, { etag: '"one"', "content-length": CONTENT.length });
      response.write(CONTENT.subarray(0, 70_000));
    });
    expect(await download(wanted(url), { ...context, silence: 1000 })).toBe(SHA256);
    expect(requests.length).toBeGreaterThan(1);
  });

  it.skipIf(!existsSync("/dev/full"))("says so where the disk is full", async () => {
    const target = wanted((await serve(file(CONTENT))).url);
    mkdirSync(join(target.to, ".."));
    symlinkSync("/dev/full", `${target.to}.part`);
    await expect(download(target, context)).rejects.toThrow(/file\.bin\.part cannot grow: the disk is full/);
    expect(existsSync(target.to)).toBe(false);
  });

  it("says so where the folder cannot be made or written", async () => {
    const { url } = await serve(file(CONTENT));
    const folder = temporaryFolder();
    writeFileSync(join(folder, "cache"), "a file");
    const target = wanted(url, { to: join(folder, "cache", "file.bin") });
    await expect(download(target, context)).rejects.toThrow(/cannot make the folder .*cache/);
    mkdirSync(join(folder, "file.bin.part"));
    const blocked = wanted(url, { to: join(folder, "file.bin") });
    await expect(download(blocked, context)).rejects.toThrow(/file\.bin\.part cannot be written/);
  });
});

describe("through a proxy", () => {
  it("asks the proxy that the environment names, and not for hosts of NO_PROXY", async () => {
    const { url } = await serve(file(CONTENT));
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, client) => {
      tunnels.push(request.url ?? "");
      const { hostname, port } = new URL(`http://${request.url}`);
      const upstream = connect(Number(port), hostname, () => {
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    });
    const proxyUrl = `http://127.0.0.1:${await listening(proxy)}`;
    for (const name of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(name, proxyUrl);
    for (const name of ["no_proxy", "NO_PROXY"]) vi.stubEnv(name, "");
    expect(await download(wanted(url), context)).toBe(SHA256);
    expect(tunnels).toEqual([new URL(url).host]);
    for (const name of ["no_proxy", "NO_PROXY"]) vi.stubEnv(name, "127.0.0.1");
    expect(await download(wanted(url), context)).toBe(SHA256);
    expect(tunnels).toHaveLength(1);
  });

  it("tells of a proxy that is none", async () => {
    for (const name of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(name, "not a proxy");
    await expect(download(wanted("http://127.0.0.1:9/x"), context)).rejects.toThrow(
      /HTTP_PROXY .*cannot be used/,
    );
  });
});
