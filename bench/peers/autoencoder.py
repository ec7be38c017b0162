"""AutoencoderKL (CompVis/latent-diffusion, diffusers' names) and single layers in PyTorch, as steps.py serves them."""
import copy

import torch
from steps import Steps, compiled, serve
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, before, channels, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, before, 1e-6)
        self.conv1 = nn.Conv2d(before, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, channels, 1e-6)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        if before != channels:
            self.conv_shortcut = nn.Conv2d(before, channels, 1)

    def forward(self, x):
        y = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x) + y


class PositionAttention(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, 1e-6)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = (f(tokens)[:, None] for f in (self.to_q, self.to_k, self.to_v))
        attended = self.to_out[0](F.scaled_dot_product_attention(q, k, v)[:, 0])
        return x + attended.transpose(1, 2).reshape(x.shape)


class Middle(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.resnets = nn.ModuleList([Residual(channels, channels, groups) for _ in range(2)])
        self.attentions = nn.ModuleList([PositionAttention(channels, groups)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Encoder(nn.Module):
    def __init__(self, channels, blocks, groups, out):
        super().__init__()
        self.conv_in = nn.Conv2d(3, channels[0], 3, padding=1)
        self.down_blocks, before = nn.ModuleList(), channels[0]
        for level, width in enumerate(channels):
            resnets = [Residual(before if i == 0 else width, width, groups) for i in range(blocks)]
            parts = {"resnets": nn.ModuleList(resnets)}
            if level < len(channels) - 1:
                parts["downsamplers"] = nn.ModuleList([nn.ModuleDict({"conv": nn.Conv2d(width, width, 3, 2)})])
            self.down_blocks.append(nn.ModuleDict(parts))
            before = width
        self.mid_block = Middle(before, groups)
        self.conv_norm_out = nn.GroupNorm(groups, before, 1e-6)
        self.conv_out = nn.Conv2d(before, out, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down_blocks:
            for block in level["resnets"]:
                x = block(x)
            if "downsamplers" in level:
                x = level["downsamplers"][0]["conv"](F.pad(x, (0, 1, 0, 1)))
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    def __init__(self, channels, blocks, groups, latent):
        super().__init__()
        before = channels[-1]
        self.conv_in = nn.Conv2d(latent, before, 3, padding=1)
        self.mid_block = Middle(before, groups)
        self.up_blocks = nn.ModuleList()
        for level, width in enumerate(reversed(channels)):
            resnets = [Residual(before if i == 0 else width, width, groups) for i in range(blocks + 1)]
            parts = {"resnets": nn.ModuleList(resnets)}
            if level < len(channels) - 1:
                convolution = nn.Conv2d(width, width, 3, padding=1)
                parts["upsamplers"] = nn.ModuleList([nn.ModuleDict({"conv": convolution})])
            self.up_blocks.append(nn.ModuleDict(parts))
            before = width
        self.conv_norm_out = nn.GroupNorm(groups, before, 1e-6)
        self.conv_out = nn.Conv2d(before, 3, 3, padding=1)

    def forward(self, z):
        x = self.mid_block(self.conv_in(z))
        for level in self.up_blocks:
            for block in level["resnets"]:
                x = block(x)
            if "upsamplers" in level:
                x = level["upsamplers"][0]["conv"](F.interpolate(x, scale_factor=2))
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Autoencoder(nn.Module):
    def __init__(self, s, encodes):
        super().__init__()
        channels, latent = s["channels"], s["latentChannels"]
        if encodes:
            self.encoder = Encoder(channels, s["blocks"], s["groups"], 2 * latent)
            self.quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1)
        self.post_quant_conv = nn.Conv2d(latent, latent, 1)
        self.decoder = Decoder(channels, s["blocks"], s["groups"], latent)

    def decode(self, z):
        return self.decoder(self.post_quant_conv(z))

    def loss(self, images, noise):
        mean, log_variance = self.quant_conv(self.encoder(images)).chunk(2, 1)
        log_variance = log_variance.clamp(-30, 20)
        reconstruction = self.decode(mean + (0.5 * log_variance).exp() * noise)
        l1 = (images - reconstruction).abs().sum((1, 2, 3)).mean()
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum((1, 2, 3)).mean()
        return l1 + 1e-6 * kl


def training(mode, s, tensors):
    batch = [tensors.pop(name) for name in ("images", "noise")]
    model = Autoencoder(s, encodes=True)
    model.load_state_dict(tensors)
    return Steps(mode, s, model, copy.deepcopy(model), model.loss, batch)


class Decoding:
    def __init__(self, mode, s, tensors):
        self.z = tensors.pop("z")
        self.model = Autoencoder(s, encodes=False).requires_grad_(False)
        self.model.load_state_dict(tensors)
        self.decode = compiled(self.model.decode, mode)

    @torch.inference_mode()
    def step(self):
        return self.decode(self.z).square().mean().item()


class Layer:
    APPLY = {
        "conv2d": lambda x, weight, bias: F.conv2d(x, weight, bias, padding=1),
        "groupNorm": lambda x, weight, bias: F.group_norm(x, 32, weight, bias, 1e-6),
    }

    def __init__(self, mode, s, tensors):
        self.inputs = [tensors[name].requires_grad_(name in s["wanted"]) for name in ("x", "weight", "bias")]
        apply = self.APPLY[s["kind"]]
        self.energy = compiled(lambda *inputs: apply(*inputs).square().mean(), mode)

    def step(self):
        wanted = [one for one in self.inputs if one.requires_grad]
        gradients = torch.autograd.grad(self.energy(*self.inputs), wanted)
        return sum(one.square().sum() for one in gradients).item()


def trainer(mode, s, tensors):
    tensors = copy.copy(tensors)
    return {"train": training, "decode": Decoding}.get(s["kind"], Layer)(mode, s, tensors)


serve(trainer)
