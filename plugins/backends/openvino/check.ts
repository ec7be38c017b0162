/** What of OpenVINO works here, found by starting it. */
import type { Finding } from "../../../harness/plugin.ts";
import { examined } from "../examined.ts";
import { startOpenvino } from "./worker.ts";

export const check = (python: string, startSeconds: number): Promise<readonly Finding[]> =>
  examined("openvino", async () => {
    const limits = { startSeconds, answerSeconds: startSeconds };
    const worker = await startOpenvino({ python, threads: 1, bfloat16: false }, limits);
    await worker.close();
    const { openvino, python: version, bfloat16 } = worker.hello;
    const detail = `OpenVINO ${openvino}, Python ${version} (${python})${bfloat16 ? ", bfloat16 too" : ""}`;
    return [{ what: "openvino on cpu", works: true, detail, fix: null }];
  });
