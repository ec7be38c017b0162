"""Answers bench/steps.ts: training steps of one peer, in each of its modes.

Reads one JSON request a line from stdin, answers one a line on stdout:
{"init": FILE, "setting": {...}, "threads": N}   weights and a batch (raw float32)
{"mode": "eager" | "compile" | "compile max-autotune", "steps": N}  -> {"ms": [...], "loss": [...]}
Every mode starts from the same weights and trains on its own copy of the model.
"""
import json
import sys
import time

import torch
from tensors import read_tensors


class Steps:
    """AdamW and an average of the weights, as all trainings here have them; `loss(*batch)` is compiled by the mode."""

    def __init__(self, mode, s, model, average, loss, batch):
        average.requires_grad_(False)
        pairs = [pair for pair in zip(model.parameters(), average.parameters()) if pair[0].requires_grad]
        self.parameters, self.averages = map(list, zip(*pairs))
        self.loss, self.batch, self.decay = compiled(loss, mode), batch, s["emaDecay"]
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=s["learningRate"],
            betas=(s["beta1"], s["beta2"]),
            eps=1e-8,
            weight_decay=s.get("weightDecay", 0),
            fused=True,
        )

    def step(self):
        loss = self.loss(*self.batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        torch._foreach_lerp_(self.averages, self.parameters, 1 - self.decay)
        return loss.item()


def compiled(function, mode):
    if mode == "eager":
        return function
    return torch.compile(function, mode=mode.removeprefix("compile").strip() or None)


def serve(trainer):
    """`trainer(mode, setting, tensors)` makes an object whose step() trains once and returns the loss."""
    trainers, setting = {}, None
    for line in sys.stdin:
        request = json.loads(line)
        if "init" in request:
            torch.set_num_threads(request["threads"])
            setting = (request["setting"], read_tensors(request["init"]))
            trainers.clear()
            torch._dynamo.reset()
            answer = {"torch": torch.__version__}
        else:
            mode = request["mode"]
            if mode not in trainers:
                trainers[mode] = trainer(mode, *setting)
            times, losses = [], []
            for _ in range(request["steps"]):
                began = time.perf_counter()
                losses.append(trainers[mode].step())
                times.append(1000 * (time.perf_counter() - began))
            answer = {"ms": times, "loss": losses}
        print(json.dumps(answer), flush=True)
