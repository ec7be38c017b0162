"""Scores as the Python tools compute them; JSON lines in, JSON lines out.

{"init": FOLDER, "arrays": {NAME: [rows, columns, dtype]}, "threads": n} reads FOLDER/NAME.bin once;
{"by": NAME} answers {"ms": …, "value": …}, or {"missing": MODULE}.
"""
import json
import sys
import time

import numpy
import torch

arrays = {}


def frechet(trace):
    """‖μ₁−μ₂‖² + tr Σ₁ + tr Σ₂ − 2·tr √(Σ₁Σ₂)."""
    s1, s2 = arrays["sigma1"], arrays["sigma2"]
    difference = (arrays["mean1"] - arrays["mean2"])[0]
    return difference @ difference + numpy.trace(s1) + numpy.trace(s2) - 2 * trace(s1, s2)


def scipy_trace(s1, s2):
    """pytorch-fid, clean-fid and ADM's evaluator."""
    import scipy.linalg

    return numpy.trace(scipy.linalg.sqrtm(s1 @ s2).real)


def torch_trace(s1, s2):
    """torch-fidelity."""
    return torch.linalg.eigvals(torch.from_numpy(s1) @ torch.from_numpy(s2)).sqrt().real.sum().item()


def precision(k=3):
    """torch-fidelity's precision, k = 3, in float32, in batches of rows."""
    samples, reference = (torch.from_numpy(arrays[name]) for name in ("samples", "reference"))

    def radii(rows):
        parts = [torch.cdist(part, rows).kthvalue(k + 1).values for part in rows.split(1000)]
        return torch.cat(parts)

    radius, sample_radius = radii(reference), radii(samples)
    inside = [(torch.cdist(part, reference) <= radius).any(1) for part in samples.split(1000)]
    for part in reference.split(1000):
        (torch.cdist(part, samples) <= sample_radius).any(1)
    return torch.cat(inside).double().mean().item()


def kid():
    """The mean over given subsets, in float64."""
    samples, reference = arrays["samples"], arrays["reference"]
    values = []
    for i, j in zip(arrays["sampleRows"], arrays["referenceRows"]):
        x, y = samples[i], reference[j]
        m, d = x.shape
        kxx, kyy, kxy = ((a @ b.T / d + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
        within = kxx.sum() - numpy.trace(kxx) + kyy.sum() - numpy.trace(kyy)
        values.append(within / (m * (m - 1)) - 2 * kxy.mean())
    return float(numpy.mean(values))


PEERS = {
    "SciPy sqrtm (pytorch-fid)": lambda: frechet(scipy_trace),
    "torch eigvals (torch-fidelity)": lambda: frechet(torch_trace),
    "torch cdist (torch-fidelity)": precision,
    "NumPy float64": kid,
}

for line in sys.stdin:
    request = json.loads(line)
    if "init" in request:
        torch.set_num_threads(request["threads"])
        for name, (rows, columns, dtype) in request["arrays"].items():
            arrays[name] = numpy.fromfile(f"{request['init']}/{name}.bin", dtype).reshape(rows, columns)
        answer = {}
    else:
        began = time.perf_counter()
        try:
            value = PEERS[request["by"]]()
            answer = {"ms": 1000 * (time.perf_counter() - began), "value": value}
        except ModuleNotFoundError as error:
            answer = {"missing": error.name}
    print(json.dumps(answer), flush=True)
