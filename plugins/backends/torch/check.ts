/** What of PyTorch works here, found by starting it. */
import type { Finding } from "../../../harness/plugin.ts";
import { examined } from "../examined.ts";
import { MEND_COMPILER, MEND_CUDA } from "./refusals.ts";
import { type Hello, startTorch } from "./worker.ts";

export const check = (python: string, startSeconds: number): Promise<readonly Finding[]> =>
  examined("torch", async () => {
    const settings = { python, device: "auto", threads: 1, compile: false, tf32: false };
    const worker = await startTorch(settings, { startSeconds, answerSeconds: startSeconds });
    await worker.close();
    return [...devicesOf(python, worker.hello), compilerOf(worker.hello)];
  });

function devicesOf(command: string, { python, torch, cuda, device, devices }: Hello): Finding[] {
  const detail = `PyTorch ${torch}, Python ${python} (${command})`;
  const found = devices.map((name) => ({
    what: `torch on ${device.startsWith(name) ? device : name}`,
    works: true,
    detail,
    fix: null,
  }));
  if (devices.includes("cuda") || process.platform === "darwin") return found;
  const lack = cuda ? `PyTorch is built for CUDA ${cuda} and finds no GPU` : "PyTorch is built without CUDA";
  return [...found, { what: "torch on cuda", works: false, detail: lack, fix: MEND_CUDA }];
}

const compilerOf = ({ lacking }: Hello): Finding =>
  lacking.length === 0
    ? { what: "torch.compile", works: true, detail: "its compiler is here", fix: null }
    : { what: "torch.compile", works: false, detail: `lacks ${lacking.join(", ")}`, fix: MEND_COMPILER };
