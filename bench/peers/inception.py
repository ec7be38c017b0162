"""Inception-v3 "2015-12-05" in PyTorch, as pytorch-fid and torch-fidelity run it: eager, and under torch.compile.

Reads one JSON request a line from stdin, answers one a line on stdout:
{"init": FILE, "threads": N}   the published state dict, and images "x" [batch, 3, 299, 299]
{"mode": "eager" | "compile", "runs": N}  -> {"ms": [...], "features": [...]} of the first image
"""
import json
import sys
import time

import torch
from tensors import read_tensors
from torch import nn
from torch.nn import functional as F


class Unit(nn.Module):
    def __init__(self, weight, stride, padding):
        super().__init__()
        out, channels, *kernel = weight.shape
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Units by name; `forward` is the table of modules."""

    HALVING = {"Conv2d_1a_3x3", "Mixed_6a.branch3x3", "Mixed_6a.branch3x3dbl_3", "Mixed_7a.branch3x3_2", "Mixed_7a.branch7x7x3_4"}
    UNPADDED = {"Conv2d_2a_3x3", "Conv2d_4a_3x3"} | HALVING

    def __init__(self, tensors):
        super().__init__()
        self.units = nn.ModuleDict()
        for key, weight in tensors.items():
            if not key.endswith(".conv.weight"):
                continue
            name = key.removesuffix(".conv.weight")
            padding = [0, 0] if name in self.UNPADDED else [(side - 1) // 2 for side in weight.shape[2:]]
            unit = Unit(weight, 2 if name in self.HALVING else 1, padding)
            state = {part: tensors[f"{name}.{part}"] for part in unit.state_dict() if part != "bn.num_batches_tracked"}
            unit.load_state_dict(state, strict=False)
            self.units[name.replace(".", "/")] = unit

    def forward(self, x):
        def run(name, x):
            return self.units[name.replace(".", "/")](x)

        def chain(module, branch, steps, x):
            for step in range(1, steps + 1):
                x = run(f"{module}.{branch}_{step}", x)
            return x

        average = lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        halved = lambda x: F.max_pool2d(x, 3, 2)
        for name in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"):
            x = run(name, x)
        x = halved(x)
        for name in ("Conv2d_3b_1x1", "Conv2d_4a_3x3"):
            x = run(name, x)
        x = halved(x)
        for m in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
            parts = [run(f"{m}.branch1x1", x), chain(m, "branch5x5", 2, x), chain(m, "branch3x3dbl", 3, x)]
            x = torch.cat([*parts, run(f"{m}.branch_pool", average(x))], 1)
        x = torch.cat([run("Mixed_6a.branch3x3", x), chain("Mixed_6a", "branch3x3dbl", 3, x), halved(x)], 1)
        for m in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            parts = [run(f"{m}.branch1x1", x), chain(m, "branch7x7", 3, x), chain(m, "branch7x7dbl", 5, x)]
            x = torch.cat([*parts, run(f"{m}.branch_pool", average(x))], 1)
        x = torch.cat([chain("Mixed_7a", "branch3x3", 2, x), chain("Mixed_7a", "branch7x7x3", 4, x), halved(x)], 1)
        for m, pool in (("Mixed_7b", average), ("Mixed_7c", lambda x: F.max_pool2d(x, 3, 1, 1))):
            single, double = chain(m, "branch3x3", 1, x), chain(m, "branch3x3dbl", 2, x)
            crossed = [run(f"{m}.branch3x3_2{half}", single) for half in "ab"]
            crossed += [run(f"{m}.branch3x3dbl_3{half}", double) for half in "ab"]
            x = torch.cat([run(f"{m}.branch1x1", x), *crossed, run(f"{m}.branch_pool", pool(x))], 1)
        return x.mean((2, 3))


def main():
    models, images = {}, None
    for line in sys.stdin:
        request = json.loads(line)
        if "init" in request:
            torch.set_num_threads(request["threads"])
            tensors = read_tensors(request["init"])
            images = tensors.pop("x")
            model = Inception(tensors).eval()
            torch._dynamo.reset()
            models = {"eager": model, "compile": torch.compile(model)}
            answer = {"torch": torch.__version__}
        else:
            times = []
            with torch.inference_mode():
                for _ in range(request["runs"]):
                    began = time.perf_counter()
                    features = models[request["mode"]](images)
                    times.append(1000 * (time.perf_counter() - began))
            answer = {"ms": times, "features": features[0].tolist()}
        print(json.dumps(answer), flush=True)


main()
