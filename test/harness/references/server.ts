/** A local HTTP server of one file, with the manners of real ones: ranges, validators, cut connections. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface LocalServer {
  readonly url: string;
  /** Paths and `Range` headers, as they came. */
  readonly requests: readonly { readonly path: string; readonly range: string | undefined }[];
}

/** Serves until the test ends; `answer` gets every request. */
export async function serve(answer: Answer): Promise<LocalServer> {
  const requests: { path: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? "", range: request.headers.range });
    answer(request, response);
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, requests };
}

export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

interface FileOptions {
  readonly etag?: string;
  readonly ranges?: boolean;
  /** Of the first answers, how many bytes come before the connection breaks. */
  readonly cuts?: readonly number[];
  /** Whether the client has that much of the file: what it has not, a broken connection may take along. */
  readonly taken?: (bytes: number) => boolean;
}

/** Answers with a file, from where it is asked when the validator is still right. */
export function file(
  content: Uint8Array,
  { etag = '"one"', ranges = true, cuts = [], taken = () => true }: FileOptions = {},
): Answer {
  const left = [...cuts];
  return (request, response) => {
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const start = ranges && asked && request.headers["if-range"] === etag ? Number(asked[1]) : 0;
    const headers = { etag, "accept-ranges": ranges ? "bytes" : "none" };
    if (start >= content.length) {
      response.writeHead(416, { ...headers, "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const body = content.subarray(start);
    const length = { "content-length": body.length };
    if (start > 0) {
      const range = `bytes ${start}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { ...headers, ...length, "content-range": range });
    } else response.writeHead(200, { ...headers, ...length });
    const cut = left.shift();
    if (cut === undefined) response.end(body);
    else {
      response.write(body.subarray(0, cut));
      const poll = setInterval(() => {
        if (!taken(start + cut) && !response.closed) return;
        clearInterval(poll);
        response.destroy();
      }, 5);
    }
  };
}
