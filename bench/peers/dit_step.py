"""Training steps of DiT (arXiv 2212.09748) in PyTorch, as steps.py serves them: the maths of plugins/models/latent.

Layers, loss and optimiser are those of the released code, with fused attention and a fused AdamW.
"""
import copy
import math

import torch
from layers import Attention, Mlp
from steps import Steps, serve
from torch import nn
from torch.nn import functional as F


def modulate(x, shift, scale):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None]


def modulation(width, parts):
    return nn.Sequential(nn.SiLU(), nn.Linear(width, parts * width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn = Attention(width, heads, bias=True)
        self.mlp = Mlp(width, "tanh")
        self.adaLN_modulation = modulation(width, 6)

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(c).chunk(6, dim=1)
        x = x + gate1[:, None] * self.attn(modulate(x, shift1, scale1))
        return x + gate2[:, None] * self.mlp(modulate(x, shift2, scale2))


class FinalLayer(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.linear = nn.Linear(width, out)
        self.adaLN_modulation = modulation(width, 2)

    def forward(self, x, c):
        shift, scale = self.adaLN_modulation(c).chunk(2, dim=1)
        return self.linear(modulate(x, shift, scale))


class DiT(nn.Module):
    def __init__(self, s):
        super().__init__()
        width, patch = s["width"], s["patch"]
        self.patch, self.out, self.grid = patch, s["outputChannels"], s["side"] // patch
        self.x_embedder = nn.ModuleDict({"proj": nn.Conv2d(s["latentChannels"], width, patch, patch)})
        mlp = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))
        self.t_embedder = nn.ModuleDict({"mlp": mlp})
        self.y_embedder = nn.ModuleDict({"embedding_table": nn.Embedding(s["classes"] + 1, width)})
        self.pos_embed = nn.Parameter(torch.empty(1, self.grid**2, width), requires_grad=False)
        self.blocks = nn.ModuleList([Block(width, s["heads"]) for _ in range(s["depth"])])
        self.final_layer = FinalLayer(width, patch**2 * self.out)

    def forward(self, x, t, y):
        frequencies = torch.exp(-math.log(10000) * torch.arange(128, dtype=torch.float32) / 128)
        angles = t[:, None].float() * frequencies
        time = self.t_embedder["mlp"](torch.cat([angles.cos(), angles.sin()], 1))
        c = time + self.y_embedder["embedding_table"](y)
        z = self.x_embedder["proj"](x).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            z = block(z, c)
        g, p = self.grid, self.patch
        z = self.final_layer(z, c).reshape(len(x), g, g, p, p, self.out)
        return torch.einsum("nhwpqc->nchpwq", z).reshape(len(x), self.out, g * p, g * p)


def image_mean(x):
    return x.flatten(1).mean(1)


def normal_kl(mean1, log1, mean2, log2):
    return 0.5 * (log2 - log1 - 1 + (log1 - log2).exp() + (mean1 - mean2) ** 2 * (-log2).exp())


def normal_cdf(x):
    return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def discretised_log_likelihood(x, mean, log_variance):
    centred, inverse = x - mean, (-0.5 * log_variance).exp()
    upper, lower = normal_cdf(inverse * (centred + 1 / 255)), normal_cdf(inverse * (centred - 1 / 255))
    log = lambda p: p.clamp(min=1e-12).log()
    inside = torch.where(x > 0.999, log(1 - lower), log(upper - lower))
    return torch.where(x < -0.999, log(upper), inside)


class Diffusion:
    """1,000 steps, β from 1e-4 to 0.02; noise and a variance between β̃ and β are predicted."""

    def __init__(self):
        betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
        alphas = (1 - betas).cumprod(0)
        before = torch.cat([torch.ones(1, dtype=torch.float64), alphas[:-1]])
        variance = betas * (1 - before) / (1 - alphas)
        tables = {
            "signal": alphas.sqrt(),
            "deviation": (1 - alphas).sqrt(),
            "unsignal": (1 / alphas).sqrt(),
            "unnoise": (1 / alphas - 1).sqrt(),
            "smallest": torch.cat([variance[1:2], variance[1:]]).log(),
            "largest": betas.log(),
            "start": betas * before.sqrt() / (1 - alphas),
            "current": (1 - before) * (1 - betas).sqrt() / (1 - alphas),
        }
        self.tables = {name: table.float() for name, table in tables.items()}

    def loss(self, model, x0, t, y, noise):
        at = {name: table[t][:, None, None, None] for name, table in self.tables.items()}
        x = at["signal"] * x0 + at["deviation"] * noise
        epsilon, fraction = model(x, t, y).chunk(2, dim=1)
        fraction = (fraction + 1) / 2
        log_variance = fraction * at["largest"] + (1 - fraction) * at["smallest"]
        clean = at["unsignal"] * x - at["unnoise"] * epsilon.detach()
        mean_from = lambda start: at["start"] * start + at["current"] * x
        mean = mean_from(clean)
        divergence = image_mean(normal_kl(mean_from(x0), at["smallest"], mean, log_variance))
        likelihood = image_mean(discretised_log_likelihood(x0, mean, log_variance))
        bound = torch.where(t == 0, -likelihood, divergence) / math.log(2)
        return (image_mean((noise - epsilon) ** 2) + bound).mean()


INTEGERS = {"t", "labels"}
INPUTS = {"mean", "logVariance", "latentScale", "posteriorNoise", "noise", *INTEGERS}


def trainer(mode, s, tensors):
    batch = {name: t.long() if name in INTEGERS else t for name, t in tensors.items() if name in INPUTS}
    model = DiT(s)
    model.load_state_dict({name: t for name, t in tensors.items() if name not in INPUTS})
    diffusion = Diffusion()

    def loss(b):
        posterior = b["mean"] + (0.5 * b["logVariance"]).exp() * b["posteriorNoise"]
        return diffusion.loss(model, posterior * b["latentScale"], b["t"], b["labels"], b["noise"])

    return Steps(mode, s, model, copy.deepcopy(model), loss, [batch])


serve(trainer)
