"""The same training step as bench/vit.ts in PyTorch: eager, and under torch.compile.

Reads one JSON request a line from stdin, answers one a line on stdout:
{"init": FILE, "shape": {...}, "threads": N}   weights (raw float32, in the order of parameters()) and data
{"mode": "eager" | "compile" | "compile max-autotune", "steps": N}  -> {"ms": [...], "loss": [...]}
Every mode starts from the same weights and trains on its own copy of the model.
"""
import json
import sys
import time

import torch
from tensors import read_tensors
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d)
        x = x + self.proj(a)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Trainer:
    def __init__(self, mode, shape, tensors, x, target):
        self.model = nn.Sequential(*[Block(shape["width"], shape["heads"]) for _ in range(shape["blocks"])])
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(tensors[name])
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, fused=True
        )
        self.x, self.target = x, target
        forward = lambda x, target: F.mse_loss(self.model(x), target)
        if mode == "eager":
            self.loss = forward
        else:
            option = mode.removeprefix("compile").strip()
            self.loss = torch.compile(forward, mode=option or None)

    def step(self):
        loss = self.loss(self.x, self.target)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def main():
    trainers, setting = {}, None
    for line in sys.stdin:
        request = json.loads(line)
        if "init" in request:
            torch.set_num_threads(request["threads"])
            setting = (request["shape"], read_tensors(request["init"]))
            trainers.clear()
            torch._dynamo.reset()
            answer = {"torch": torch.__version__}
        else:
            mode = request["mode"]
            shape, tensors = setting
            if mode not in trainers:
                trainers[mode] = Trainer(mode, shape, tensors, tensors["x"], tensors["target"])
            times, losses = [], []
            for _ in range(request["steps"]):
                began = time.perf_counter()
                losses.append(trainers[mode].step())
                times.append(1000 * (time.perf_counter() - began))
            answer = {"ms": times, "loss": losses}
        print(json.dumps(answer), flush=True)


main()
