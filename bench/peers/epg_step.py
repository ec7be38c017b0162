"""Training steps of EPG (arXiv 2510.12586) in PyTorch, as steps.py serves them: the maths of plugins/models/epg.

Networks of equal weights run as one batch, what carries no gradient runs under no_grad, frozen weights need none.
"""
import copy

import torch
from layers import Attention, Mlp
from steps import Steps, serve
from torch import nn
from torch.nn import functional as F

SIGMA_DATA = 0.5
SIGMA_MIN = 0.002


class EncoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, bias=False)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class DecoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.skip_linear = nn.Linear(2 * width, width)
        self.skip_norm = nn.LayerNorm(width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.norm1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, bias=False)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x, skip, condition):
        x = self.skip_norm(self.skip_linear(torch.cat([x, skip], 2)))
        modulation = self.adaLN_modulation(condition)[:, None]
        shift1, scale1, gate1, shift2, scale2, gate2 = modulation.chunk(6, 2)
        x = x + gate1 * self.attn(self.norm1(x) * (1 + scale1) + shift1)
        return x + gate2 * self.mlp(self.norm2(x) * (1 + scale2) + shift2)


def time_embedding(t, width):
    half = width // 2
    frequencies = torch.exp(-torch.arange(half, dtype=torch.float64) * (torch.log(torch.tensor(10000.0)) / half))
    angles = t[:, None] * frequencies.float()
    return torch.cat([angles.cos(), angles.sin()], 1)


class Encoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.width, self.patch, self.side = s["width"], s["patch"], s["resolution"] // s["patch"]
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, s["width"], s["patch"], s["patch"])})
        self.cls_token = nn.Parameter(torch.empty(1, 1, s["width"]))
        self.pos_embed = nn.Parameter(torch.empty(1, 2 + self.side**2, s["width"]))
        self.blocks = nn.ModuleList([EncoderBlock(s["width"], s["heads"]) for _ in range(s["depth"])])
        self.norm = nn.LayerNorm(s["width"])

    def tokens(self, x, time, class_token):
        patches = self.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        return torch.cat([class_token, time[:, None], patches], 1) + self.pos_embed


class PretrainedEncoder(Encoder):
    def __init__(self, s):
        super().__init__(s)
        layers, hidden, out = (s["projector"][name] for name in ("layers", "hidden", "out"))
        widths = [s["width"]] + [hidden] * (layers - 1)
        parts = []
        for width in widths[:-1]:
            parts += [nn.Linear(width, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()]
        self.projection_head = nn.Sequential(*parts, nn.Linear(hidden, out, bias=False))

    def forward(self, x, t):
        x = self.tokens(x, time_embedding(t, self.width), self.cls_token.expand(len(x), -1, -1))
        for block in self.blocks:
            x = block(x)
        return self.norm(x[:, 0])


class EncoderDecoder(Encoder):
    def __init__(self, s):
        super().__init__(s)
        width = s["decoderWidth"]
        self.class_embed = nn.Embedding(s["classes"] + 1, s["width"])
        self.decoder_blocks = nn.ModuleList(
            [DecoderBlock(width, s["decoderHeads"]) for _ in range(s["decoderDepth"])]
        )
        self.out_norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 3 * s["patch"] ** 2)

    def forward(self, x, t, y):
        time, label = time_embedding(t, self.width), self.class_embed(y)
        z, skips = self.tokens(x, time, self.cls_token + label[:, None]), []
        for block in self.blocks:
            z = block(z)
            skips.append(z)
        z = self.norm(z)
        for block in self.decoder_blocks:
            z = block(z, skips.pop(), time + label)
        z = self.out(self.out_norm(z[:, 2:])).reshape(len(x), self.side, self.side, self.patch, self.patch, 3)
        return z.permute(0, 5, 1, 3, 2, 4).reshape(x.shape)


def noisy(x, noise, sigma):
    return x + noise * sigma[:, None, None, None]


def scaled(x, sigma):
    return x * (sigma**2 + SIGMA_DATA**2).rsqrt()[:, None, None, None]


def contrast(f, g, temperature):
    logits = F.normalize(f, dim=1) @ F.normalize(g, dim=1).T / temperature
    return logits.logsumexp(1) - logits.diagonal()


class Pretraining:
    def __init__(self, s, tensors):
        self.model = PretrainedEncoder(s)
        self.model.load_state_dict(tensors)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        for module in self.average.modules():
            if isinstance(module, nn.BatchNorm1d):
                # The batch's statistics, and no running ones.
                module.running_mean = module.running_var = None

    def loss(self, b):
        views, n = [b["view1"], b["view2"]], len(b["clean"])
        last, level, after = (b[f"{name}Sigma"] for name in ("lastLevel", "level", "nextLevel"))
        first = torch.cat([scaled(noisy(view, b["noise"], last), last) for view in views])
        middle = scaled(noisy(b["clean"], b["noise"], level), level)
        times = torch.cat([b["lastLevelTime"], b["lastLevelTime"]])
        z = self.model(torch.cat([first, middle]), torch.cat([times, b["levelTime"]])).split(n)
        p = [self.model.projection_head(part) for part in z]
        with torch.no_grad():
            v = self.model(scaled(noisy(b["clean"], b["noise"], after), after), b["nextLevelTime"])
            self.model.projection_head(v)  # for its running statistics
            g = [self.average.projection_head(part) for part in self.average(first, times).split(n)]
        contrastive = contrast(p[0], g[1], 0.2) + contrast(p[1], g[0], 0.2)
        return (contrastive + contrast(z[2], v, b["temperature"])).mean()


class Diffusion:
    def __init__(self, s, tensors):
        self.model = EncoderDecoder(s)
        self.model.load_state_dict(tensors)
        self.average = copy.deepcopy(self.model).requires_grad_(False)

    def loss(self, b):
        sigma = b["levelSigma"]
        x = scaled(noisy(b["x0"], b["noise"], sigma), sigma)
        denoised = self.model(x, b["levelTime"], b["labels"])
        return ((denoised - b["x0"]).square() * b["weight"][:, None, None, None]).mean()


class Consistency:
    def __init__(self, s, tensors):
        judge = {name.removeprefix("frozen/"): t for name, t in tensors.items() if name.startswith("frozen/")}
        self.judge = PretrainedEncoder(s).requires_grad_(False).eval()
        self.judge.load_state_dict(judge)
        self.model = EncoderDecoder(s)
        self.model.load_state_dict({name: t for name, t in tensors.items() if not name.startswith("frozen/")})
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.lowest = SIGMA_MIN * s["resolution"] / 64
        # Neither dropout nor a c of the paper's size in the small sizes.
        self.c = 0.06 * s["resolution"] / 256

    def denoise(self, x, sigma, time, labels):
        above = sigma - self.lowest
        skip = SIGMA_DATA**2 / (above**2 + SIGMA_DATA**2)
        out = above * SIGMA_DATA * (sigma**2 + SIGMA_DATA**2).rsqrt()
        output = self.model(scaled(x, sigma), time, labels)
        return x * skip[:, None, None, None] + output * out[:, None, None, None]

    def judged(self, image):
        sigma = torch.full((len(image),), self.lowest)
        return self.judge.projection_head(self.judge(scaled(image, sigma), 250 * sigma.log()))

    def loss(self, b):
        at = lambda level: self.denoise(
            noisy(b["x0"], b["noise"], b[f"{level}Sigma"]), b[f"{level}Sigma"], b[f"{level}Time"], b["labels"]
        )
        denoised = at("from")
        with torch.no_grad():
            target = torch.lerp(b["x0"], at("to"), b["teaching"])
            real = self.judged(b["x0"])
        q = (denoised - target).square().sum((1, 2, 3))
        distance = q * (q.detach() + self.c**2).rsqrt() * b["weight"]
        return (distance + contrast(self.judged(denoised), real, 0.1) * b["teaching"]).mean()


STAGES = {"pretraining": Pretraining, "diffusion": Diffusion, "consistency": Consistency}
INTEGERS = {"labels"}
INPUTS = {"clean", "view1", "view2", "x0", "noise", "temperature", "weight", "teaching", "labels"}


def is_input(name):
    return name in INPUTS or name.endswith(("Sigma", "Time"))


def trainer(mode, s, tensors):
    batch = {name: t.long() if name in INTEGERS else t for name, t in tensors.items() if is_input(name)}
    stage = STAGES[s["stage"]](s, {name: t for name, t in tensors.items() if name in s["states"]})
    return Steps(mode, s, stage.model, stage.average, stage.loss, [batch])


serve(trainer)
