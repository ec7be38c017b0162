"""Reads what bench/peer.ts writes: a line of JSON [[name, shape], ...], then the tensors' float32 bytes."""
import json

import numpy
import torch


def read_tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.readline())
        tensors = {}
        for name, shape in header:
            count = int(numpy.prod(shape))
            data = numpy.frombuffer(file.read(4 * count), dtype="<f4").copy()
            tensors[name] = torch.from_numpy(data).reshape(shape)
    return tensors
